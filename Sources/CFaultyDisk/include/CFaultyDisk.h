/* A disk for tests that fails on demand and forgets what was not synced.
 *
 * Files lie where their paths say, and whoever reads them sees every write at once, as through a page
 * cache. Beside them the disk keeps, in memory, what a power loss would leave: it changes only by
 * syncs, and a sync that failed has written some of what it should have and will never write the rest
 * (as Linux has it: the pages are clean afterwards). No real fsync is done.
 *
 * SQLite reaches it as a VFS of the disk's name; the other calls stand below. Thread-safe.
 */
#ifndef CATTAIL_CFAULTYDISK_H
#define CATTAIL_CFAULTYDISK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct faulty_disk faulty_disk;

/* What goes wrong, and of which calls. */
typedef enum {
    FAULTY_NOTHING = 0,
    /* Any call: an I/O error. A write or a truncation has not happened. */
    FAULTY_IO = 1,
    /* Calls that take space: there is none. */
    FAULTY_FULL = 2,
    /* Writes: half of the bytes, and no space for the rest. */
    FAULTY_SHORT = 3,
    /* Syncs alone: an I/O error. */
    FAULTY_SYNC = 4,
    /* Calls that change something: power goes in the middle of it, and every later call fails. */
    FAULTY_POWER = 5,
} faulty_kind;

/* Registers a VFS of this name. All that is left to chance follows from the seed. NULL: it cannot. */
faulty_disk *faulty_disk_make(const char *name, uint64_t seed);
/* Takes a file up as it stands, all of it durable. So is every file when it is first met. */
void faulty_disk_adopt(faulty_disk *disk, const char *path);
/* All files must have been closed. */
void faulty_disk_free(faulty_disk *disk);

/* The `at`-th call from now on (from 1) that this kind can befall fails, with `forever` each behind it
 * too. */
void faulty_disk_arm(faulty_disk *disk, faulty_kind kind, uint64_t at, int forever);
/* Power goes at the `at`-th call that changes something behind the first failure. */
void faulty_disk_cut_behind(faulty_disk *disk, uint64_t at);
/* Takes both back; power that went stays away. */
void faulty_disk_heal(faulty_disk *disk);
/* How many calls this kind could have befallen since the disk was made. */
uint64_t faulty_disk_calls(faulty_disk *disk, faulty_kind kind);
/* How many calls have failed since the disk was made; the first of them as text ("write log.sqlite-wal"),
 * which is gone with the disk. */
uint64_t faulty_disk_failures(faulty_disk *disk);
const char *faulty_disk_first_failure(faulty_disk *disk);

/* Writes into the folder `to`, which exists, what a power loss now leaves of the files whose last
 * syncs lie behind: each later write whole, torn at sectors of 512 bytes, or not at all, and of the
 * later names in a folder a beginning. What is left to chance follows from `seed`. The disk stays as
 * it is. 0, or an errno. */
int faulty_disk_survivors(faulty_disk *disk, const char *to, uint64_t seed);

/* As the system's: -1 with errno set, when they fail. A folder can be opened, to be synced. */
int faulty_disk_open(faulty_disk *disk, const char *path, int flags, mode_t mode);
int faulty_disk_close(faulty_disk *disk, int descriptor);
ssize_t faulty_disk_pread(faulty_disk *disk, int descriptor, void *bytes, size_t count, off_t at);
ssize_t faulty_disk_pwrite(faulty_disk *disk, int descriptor, const void *bytes, size_t count, off_t at);
int faulty_disk_ftruncate(faulty_disk *disk, int descriptor, off_t length);
int faulty_disk_fsync(faulty_disk *disk, int descriptor);
int faulty_disk_rename(faulty_disk *disk, const char *from, const char *to);
int faulty_disk_unlink(faulty_disk *disk, const char *path);

#endif
