#ifndef CATTAIL_CSQLITE_SHIM_H
#define CATTAIL_CSQLITE_SHIM_H
#include <sqlite3.h>

/* sqlite3_db_config is variadic, which Swift does not import. Its switches all take an int and an
   int *, through which they tell the value that is set afterwards. */
static inline int cattail_sqlite3_db_config(sqlite3 *db, int option, int value, int *found) {
    return sqlite3_db_config(db, option, value, found);
}
#endif
