#ifndef CATTAIL_CZLIB_SHIM_H
#define CATTAIL_CZLIB_SHIM_H
#include <zlib.h>
#endif
