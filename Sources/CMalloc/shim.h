#ifndef CATTAIL_CMALLOC_SHIM_H
#define CATTAIL_CMALLOC_SHIM_H
#include <malloc.h>
#endif
