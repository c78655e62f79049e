/* Which call fails, and the calls beside SQLite's. */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const call_names[CALL_COUNT] = {
    "open", "create", "read", "write", "truncate", "sync", "size", "access", "lock", "unlink", "rename",
};

int kind_befalls(faulty_kind kind, disk_call call) {
    switch (kind) {
    case FAULTY_NOTHING: return 0;
    case FAULTY_IO: return 1;
    case FAULTY_FULL: return call == CALL_CREATE || call == CALL_WRITE;
    case FAULTY_SHORT: return call == CALL_WRITE;
    case FAULTY_SYNC: return call == CALL_SYNC;
    case FAULTY_POWER:
        return call == CALL_CREATE || call == CALL_WRITE || call == CALL_TRUNCATE || call == CALL_SYNC
            || call == CALL_UNLINK || call == CALL_RENAME;
    }
    return 0;
}

static void remember(faulty_disk *disk, disk_call call, const char *path) {
    if (disk->failures++) return;
    const char *last = path ? strrchr(path, '/') : NULL;
    snprintf(disk->first_failure, sizeof disk->first_failure, "%s %s", call_names[call],
        last ? last + 1 : path ? path : "");
}

faulty_kind disk_judge(faulty_disk *disk, disk_call call, const char *path) {
    disk->calls[call]++;
    faulty_kind fate = disk->is_dead ? FAULTY_IO : FAULTY_NOTHING;
    for (int i = 0; i < 2; i++) {
        order *given = &disk->orders[i];
        if (!kind_befalls(given->kind, call) || (given->behind && !disk->failures)) continue;
        given->seen++;
        if (fate) continue;
        if (given->seen == given->at || (given->forever && given->seen > given->at)) fate = given->kind;
    }
    if (fate) remember(disk, call, path);
    if (fate == FAULTY_POWER) disk->is_dead = 1;
    return fate;
}

faulty_disk *faulty_disk_make(const char *name, uint64_t seed) {
    faulty_disk *disk = calloc(1, sizeof *disk);
    if (!disk) return NULL;
    pthread_mutex_init(&disk->lock, NULL);
    disk->chance = seed;
    disk->vfs_name = strdup(name);
    disk->base = sqlite3_vfs_find(NULL);
    vfs_prepare(disk);
    if (sqlite3_vfs_register(&disk->vfs, 0) == SQLITE_OK) return disk;
    free(disk->vfs_name);
    free(disk);
    return NULL;
}

void faulty_disk_free(faulty_disk *disk) {
    sqlite3_vfs_unregister(&disk->vfs);
    disk_forget(disk);
    pthread_mutex_destroy(&disk->lock);
    free(disk->descriptors);
    free(disk->vfs_name);
    free(disk);
}

void faulty_disk_adopt(faulty_disk *disk, const char *path) {
    pthread_mutex_lock(&disk->lock);
    disk_find(disk, path);
    pthread_mutex_unlock(&disk->lock);
}

void faulty_disk_arm(faulty_disk *disk, faulty_kind kind, uint64_t at, int forever) {
    pthread_mutex_lock(&disk->lock);
    disk->orders[0] = (order){kind, at, 0, forever, 0};
    pthread_mutex_unlock(&disk->lock);
}

void faulty_disk_cut_behind(faulty_disk *disk, uint64_t at) {
    pthread_mutex_lock(&disk->lock);
    disk->orders[1] = (order){FAULTY_POWER, at, 0, 0, 1};
    pthread_mutex_unlock(&disk->lock);
}

void faulty_disk_heal(faulty_disk *disk) {
    pthread_mutex_lock(&disk->lock);
    memset(disk->orders, 0, sizeof disk->orders);
    pthread_mutex_unlock(&disk->lock);
}

uint64_t faulty_disk_calls(faulty_disk *disk, faulty_kind kind) {
    pthread_mutex_lock(&disk->lock);
    uint64_t count = 0;
    for (int call = 0; call < CALL_COUNT; call++)
        if (kind_befalls(kind, (disk_call)call)) count += disk->calls[call];
    pthread_mutex_unlock(&disk->lock);
    return count;
}

uint64_t faulty_disk_failures(faulty_disk *disk) {
    pthread_mutex_lock(&disk->lock);
    uint64_t count = disk->failures;
    pthread_mutex_unlock(&disk->lock);
    return count;
}

const char *faulty_disk_first_failure(faulty_disk *disk) { return disk->first_failure; }

/* The system's calls. Each is one turn under the lock: a fault and its effect are one. */

static int errno_of(faulty_kind fate) {
    return fate == FAULTY_FULL || fate == FAULTY_SHORT ? ENOSPC : EIO;
}

static int refuse(faulty_disk *disk, faulty_kind fate) {
    pthread_mutex_unlock(&disk->lock);
    errno = errno_of(fate);
    return -1;
}

static int end(faulty_disk *disk, int result) {
    int found = errno;
    pthread_mutex_unlock(&disk->lock);
    errno = found;
    return result;
}

static node *file_of(faulty_disk *disk, int descriptor) {
    return descriptor >= 0 && descriptor < disk->descriptor_count ? disk->descriptors[descriptor] : NULL;
}

static void note_file(faulty_disk *disk, int descriptor, node *file) {
    if (descriptor >= disk->descriptor_count) {
        int count = descriptor + 64;
        node **grown = realloc(disk->descriptors, (size_t)count * sizeof *grown);
        if (!grown) abort();
        memset(grown + disk->descriptor_count, 0,
            (size_t)(count - disk->descriptor_count) * sizeof *grown);
        disk->descriptors = grown;
        disk->descriptor_count = count;
    }
    disk->descriptors[descriptor] = file;
}

int faulty_disk_open(faulty_disk *disk, const char *path, int flags, mode_t mode) {
    pthread_mutex_lock(&disk->lock);
    node *file = disk_find(disk, path);
    int makes = !file && (flags & O_CREAT);
    faulty_kind fate = disk_judge(disk, makes ? CALL_CREATE : CALL_OPEN, path);
    if (fate) return refuse(disk, fate);
    int descriptor = open(path, flags, mode);
    if (descriptor < 0) return end(disk, -1);
    if (makes) file = disk_bind(disk, path, NULL);
    if (file && (flags & O_TRUNC)) disk_truncate(file, 0);
    note_file(disk, descriptor, file);
    return end(disk, descriptor);
}

int faulty_disk_close(faulty_disk *disk, int descriptor) {
    pthread_mutex_lock(&disk->lock);
    note_file(disk, descriptor, NULL);
    return end(disk, close(descriptor));
}

ssize_t faulty_disk_pread(faulty_disk *disk, int descriptor, void *bytes, size_t count, off_t at) {
    pthread_mutex_lock(&disk->lock);
    faulty_kind fate = disk_judge(disk, CALL_READ, NULL);
    if (fate) return refuse(disk, fate);
    return end(disk, (int)pread(descriptor, bytes, count, at));
}

ssize_t faulty_disk_pwrite(
    faulty_disk *disk, int descriptor, const void *bytes, size_t count, off_t at) {
    pthread_mutex_lock(&disk->lock);
    node *file = file_of(disk, descriptor);
    faulty_kind fate = disk_judge(disk, CALL_WRITE, NULL);
    /* Power goes while it is written; half of it is a legal answer otherwise. */
    if (fate == FAULTY_POWER && file) disk_write(file, bytes, count, at);
    if (fate && fate != FAULTY_SHORT) return refuse(disk, fate);
    ssize_t wrote = pwrite(descriptor, bytes, fate ? count / 2 : count, at);
    if (wrote > 0 && file) disk_write(file, bytes, (size_t)wrote, at);
    return end(disk, (int)wrote);
}

int faulty_disk_ftruncate(faulty_disk *disk, int descriptor, off_t length) {
    pthread_mutex_lock(&disk->lock);
    node *file = file_of(disk, descriptor);
    faulty_kind fate = disk_judge(disk, CALL_TRUNCATE, NULL);
    if (fate == FAULTY_POWER && file) disk_truncate(file, length);
    if (fate) return refuse(disk, fate);
    int result = ftruncate(descriptor, length);
    if (!result && file) disk_truncate(file, length);
    return end(disk, result);
}

int faulty_disk_fsync(faulty_disk *disk, int descriptor) {
    pthread_mutex_lock(&disk->lock);
    node *file = file_of(disk, descriptor);
    faulty_kind fate = disk_judge(disk, CALL_SYNC, NULL);
    if (fate && fate != FAULTY_POWER && file) disk_half_sync(file, &disk->chance);
    if (fate) return refuse(disk, fate);
    if (file) disk_sync(file);
    else disk_sync_names(disk);
    return end(disk, 0);
}

int faulty_disk_rename(faulty_disk *disk, const char *from, const char *to) {
    pthread_mutex_lock(&disk->lock);
    disk_find(disk, to);
    faulty_kind fate = disk_judge(disk, CALL_RENAME, to);
    if (fate == FAULTY_POWER) disk_rebind(disk, from, to);
    if (fate) return refuse(disk, fate);
    int result = rename(from, to);
    if (!result) disk_rebind(disk, from, to);
    return end(disk, result);
}

int faulty_disk_unlink(faulty_disk *disk, const char *path) {
    pthread_mutex_lock(&disk->lock);
    node *file = disk_find(disk, path);
    faulty_kind fate = disk_judge(disk, CALL_UNLINK, path);
    if (fate == FAULTY_POWER && file) disk_unbind(disk, path);
    if (fate) return refuse(disk, fate);
    int result = unlink(path);
    if (!result && file) disk_unbind(disk, path);
    return end(disk, result);
}
