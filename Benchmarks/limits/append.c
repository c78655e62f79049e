// What the disk and SQLite allow: appends rows to a table of the log's shape and does nothing
// else. It stands beside the log's own figure in tools/bench, as its upper limit.
//
//   cc -O2 -Wall -Wextra -o append append.c -lsqlite3
//   ./append --rows 100000 --batch 1000 --bytes 430 [--dir DIR]
//   ./append --batch 1000 --lengths FILE    rows of exactly these lengths, a number a line
//
// WAL, synchronous=FULL (set, then read back), default page size, no automatic checkpoints, one
// connection, one thread. The bytes are made before the clock starts; per row there is a bind, a
// step and a reset. Prints one JSON object; exits 1 with a message when anything is not as asked.
//
// --checkpoint-bytes N: a full checkpoint after the first commit that leaves the WAL at N bytes
// or more, counted in the time. Without it the WAL only grows.

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "append"
#include "program.h"

enum { HASH_BYTES = 32, BODY_POOL_BYTES = 1 << 20 };

struct options {
    long rows, batch, bytes, checkpoint_bytes;
    const char *directory, *lengths_file;
};

static struct options parse(int count, char **arguments) {
    struct options options = {.rows = 100000, .batch = 1000, .bytes = 430, .directory = "."};
    for (int i = 1; i < count; i += 2) {
        const char *name = arguments[i];
        if (i + 1 == count) fail("%s needs a value", name);
        const char *value = arguments[i + 1];
        if (!strcmp(name, "--rows")) options.rows = number(name, value, 1);
        else if (!strcmp(name, "--batch")) options.batch = number(name, value, 1);
        else if (!strcmp(name, "--bytes")) options.bytes = number(name, value, 1);
        else if (!strcmp(name, "--checkpoint-bytes"))
            options.checkpoint_bytes = number(name, value, 1);
        else if (!strcmp(name, "--dir")) options.directory = value;
        else if (!strcmp(name, "--lengths")) options.lengths_file = value;
        else fail("%s is not an option", name);
    }
    return options;
}

// The length of each row: all the same, or one from each line of the file.
static int *row_lengths(struct options *options) {
    int *lengths = NULL;
    long count = 0, room = 0;
    FILE *file = NULL;
    if (options->lengths_file && !(file = fopen(options->lengths_file, "r")))
        fail("%s: %s", options->lengths_file, strerror(errno));
    for (;;) {
        long length = options->bytes;
        if (file ? fscanf(file, "%ld", &length) != 1 : count == options->rows) break;
        if (length < 1 || length > BODY_POOL_BYTES)
            fail("a row of %ld bytes: 1 to %d are possible", length, BODY_POOL_BYTES);
        if (count == room) {
            room = room ? room * 2 : 4096;
            lengths = realloc(lengths, (size_t)room * sizeof *lengths);
            if (!lengths) fail("no memory for %ld rows", room);
        }
        lengths[count++] = (int)length;
    }
    if (file) fclose(file);
    if (count == 0) fail("no rows");
    options->rows = count;
    return lengths;
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void run(sqlite3 *db, const char *sql) {
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail("%s: %s", sql, message ? message : sqlite3_errmsg(db));
}

// Sets nothing: reads a pragma back, because one that did not take looks like a tenfold speed-up.
static void expect_pragma(sqlite3 *db, const char *sql, const char *expected) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK
        || sqlite3_step(statement) != SQLITE_ROW)
        fail("%s: %s", sql, sqlite3_errmsg(db));
    const char *value = (const char *)sqlite3_column_text(statement, 0);
    if (!value || strcmp(value, expected))
        fail("%s is %s, not %s", sql, value ? value : "nothing", expected);
    sqlite3_finalize(statement);
}

static sqlite3 *open_log(const char *path) {
    sqlite3 *db = NULL;
    if (sqlite3_open(path, &db) != SQLITE_OK) fail("%s: %s", path, sqlite3_errmsg(db));
    run(db, "PRAGMA journal_mode=WAL");
    run(db, "PRAGMA synchronous=FULL");
    run(db, "PRAGMA wal_autocheckpoint=0");
    expect_pragma(db, "PRAGMA journal_mode", "wal");
    expect_pragma(db, "PRAGMA synchronous", "2");
    expect_pragma(db, "PRAGMA wal_autocheckpoint", "0");
    run(db, "CREATE TABLE events (seq INTEGER PRIMARY KEY, record BLOB NOT NULL, "
            "record_hash BLOB NOT NULL, chain BLOB NOT NULL) STRICT");
    return db;
}

static void fill(unsigned char *bytes, size_t count) {
    uint64_t state = 0x9E3779B97F4A7C15u;
    for (size_t i = 0; i < count; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        bytes[i] = (unsigned char)state;
    }
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double percentile(const double *sorted, long count, double share) {
    long at = (long)(share * (double)count);
    return sorted[at < count ? at : count - 1] * 1000;
}

static long file_bytes(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 ? (long)status.st_size : 0;
}

static void insert(sqlite3 *db, sqlite3_stmt *statement, long seq, const unsigned char *body,
                   int length, const unsigned char *hashes) {
    sqlite3_bind_int64(statement, 1, seq);
    sqlite3_bind_blob(statement, 2, body, length, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 3, hashes, HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 4, hashes + HASH_BYTES, HASH_BYTES, SQLITE_STATIC);
    if (sqlite3_step(statement) != SQLITE_DONE) fail("row %ld: %s", seq, sqlite3_errmsg(db));
    sqlite3_reset(statement);
}

int main(int count, char **arguments) {
    struct options options = parse(count, arguments);
    int *lengths = row_lengths(&options);

    char folder[PATH_MAX], path[PATH_MAX + 16], wal[PATH_MAX + 32], shm[PATH_MAX + 32];
    if (snprintf(folder, sizeof folder, "%s/append.XXXXXX", options.directory)
        >= (int)sizeof folder) fail("%s: too long", options.directory);
    if (!mkdtemp(folder)) fail("%s: %s", folder, strerror(errno));
    snprintf(path, sizeof path, "%s/log.sqlite", folder);
    snprintf(wal, sizeof wal, "%s-wal", path);
    snprintf(shm, sizeof shm, "%s-shm", path);

    static unsigned char pool[2 * BODY_POOL_BYTES];
    fill(pool, sizeof pool);
    sqlite3 *db = open_log(path);
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, "INSERT INTO events VALUES (?1, ?2, ?3, ?4)", -1, &statement,
                           NULL) != SQLITE_OK) fail("%s", sqlite3_errmsg(db));

    long commits = 0, checkpoints = 0, bytes = 0;
    double *times = malloc((size_t)(options.rows / options.batch + 1) * sizeof *times);
    if (!times) fail("no memory");
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), started = seconds(CLOCK_MONOTONIC);
    for (long row = 0; row < options.rows;) {
        double batch_started = seconds(CLOCK_MONOTONIC);
        run(db, "BEGIN IMMEDIATE");
        for (long end = row + options.batch; row < end && row < options.rows; row++) {
            const unsigned char *body = pool + (row * 64) % BODY_POOL_BYTES;
            insert(db, statement, row + 1, body, lengths[row], body);
            bytes += lengths[row];
        }
        run(db, "COMMIT");
        times[commits++] = seconds(CLOCK_MONOTONIC) - batch_started;
        if (options.checkpoint_bytes && file_bytes(wal) >= options.checkpoint_bytes) {
            run(db, "PRAGMA wal_checkpoint(TRUNCATE)");
            checkpoints++;
        }
    }
    double wall = seconds(CLOCK_MONOTONIC) - started;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;

    qsort(times, (size_t)commits, sizeof *times, ascending);
    printf("{\"rows\":%ld,\"batch\":%ld,\"recordBytes\":%ld,\"rowsPerSecond\":%.0f,"
           "\"seconds\":%.3f,\"cpuSeconds\":%.3f,\"commits\":%ld,\"checkpoints\":%ld,"
           "\"commitMs\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"max\":%.3f},"
           "\"walBytes\":%ld,\"sqlite\":\"%s\"}\n",
           options.rows, options.batch, bytes, (double)options.rows / wall, wall, cpu, commits,
           checkpoints, percentile(times, commits, 0.5), percentile(times, commits, 0.9),
           percentile(times, commits, 0.99), times[commits - 1] * 1000, file_bytes(wal),
           sqlite3_libversion());

    sqlite3_finalize(statement);
    sqlite3_close(db);
    unlink(path), unlink(wal), unlink(shm), rmdir(folder);
    free(times), free(lengths);
    return 0;
}
