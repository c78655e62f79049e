#ifndef CATTAIL_CDEFLATE_SHIM_H
#define CATTAIL_CDEFLATE_SHIM_H
#include <libdeflate.h>
#endif
