/* What the parts of the disk share. Each call below that takes a disk is made with its lock held. */
#ifndef CATTAIL_FAULTY_DISK_H
#define CATTAIL_FAULTY_DISK_H

#include "CFaultyDisk.h"

#include <pthread.h>
#include <sqlite3.h>

typedef enum {
    CALL_OPEN, CALL_CREATE, CALL_READ, CALL_WRITE, CALL_TRUNCATE, CALL_SYNC, CALL_SIZE, CALL_ACCESS,
    CALL_LOCK, CALL_UNLINK, CALL_RENAME, CALL_COUNT
} disk_call;

/* A write or a truncation that no sync has made durable yet. */
typedef struct change {
    struct change *next;
    int64_t at;
    /* NULL: the file is cut, or filled with zeros, to `at`. */
    unsigned char *bytes;
    size_t count;
} change;

/* A file, whatever its name. */
typedef struct node {
    struct node *next;
    unsigned char *bytes;
    int64_t size, room;
    change *first, *last;
} node;

/* Which file a path names; NULL: none. */
typedef struct name {
    struct name *next;
    char *path;
    node *file;
} name;

/* Names that changed together and that no sync of their folder has made durable yet. */
typedef struct rebinding {
    struct rebinding *next;
    char *paths[2];
    node *files[2];
} rebinding;

/* `behind`: counts from the first failure on. */
typedef struct { faulty_kind kind; uint64_t at, seen; int forever, behind; } order;

struct faulty_disk {
    pthread_mutex_t lock;
    sqlite3_vfs vfs, *base;
    char *vfs_name;
    order orders[2];
    uint64_t calls[CALL_COUNT];
    uint64_t failures;
    char first_failure[256];
    int is_dead;
    uint64_t chance;
    node *nodes;
    name *live, *durable;
    rebinding *first, *last;
    /* By descriptor: the file that it was opened for, NULL for a folder. */
    node **descriptors;
    int descriptor_count;
};

/* Counts the call, and says what befalls it. */
faulty_kind disk_judge(faulty_disk *, disk_call, const char *path);
int kind_befalls(faulty_kind, disk_call);
uint64_t draw(uint64_t *chance);

/* The file that a path names, taken up as durable when it was there before the disk. */
node *disk_find(faulty_disk *, const char *path);
/* Binds the path to a file, a new one when `file` is NULL. */
node *disk_bind(faulty_disk *, const char *path, node *file);
void disk_unbind(faulty_disk *, const char *path);
void disk_rebind(faulty_disk *, const char *from, const char *to);
void disk_write(node *, const void *bytes, size_t count, int64_t at);
void disk_truncate(node *, int64_t size);
void disk_sync(node *);
/* Some of what was to be synced, and never the rest. */
void disk_half_sync(node *, uint64_t *chance);
void disk_sync_names(faulty_disk *);
void disk_forget(faulty_disk *);

void vfs_prepare(faulty_disk *);

#endif
