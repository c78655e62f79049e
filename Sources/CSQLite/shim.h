#ifndef CATTAIL_CSQLITE_SHIM_H
#define CATTAIL_CSQLITE_SHIM_H
#include <sqlite3.h>
#endif
