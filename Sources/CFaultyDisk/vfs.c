/* The disk as SQLite sees it: SQLite's own VFS, with each call judged before it is made. */
#include "disk.h"

#include <string.h>

typedef struct {
    sqlite3_file head;
    faulty_disk *disk;
    /* NULL for a temporary file, which nobody misses. */
    node *file;
    const char *path;
    int names_with_sync;
} vfs_file;

static sqlite3_file *real(sqlite3_file *given) { return (sqlite3_file *)((vfs_file *)given + 1); }
static vfs_file *ours(sqlite3_file *given) { return (vfs_file *)given; }

static faulty_kind enter(vfs_file *f, disk_call call) {
    pthread_mutex_lock(&f->disk->lock);
    return disk_judge(f->disk, call, f->path);
}

static int leave(vfs_file *f, int code) {
    pthread_mutex_unlock(&f->disk->lock);
    return code;
}

static int is_full(faulty_kind fate) { return fate == FAULTY_FULL || fate == FAULTY_SHORT; }

static int file_close(sqlite3_file *given) { return real(given)->pMethods->xClose(real(given)); }

static int file_read(sqlite3_file *given, void *bytes, int count, sqlite3_int64 at) {
    vfs_file *f = ours(given);
    if (enter(f, CALL_READ)) return leave(f, SQLITE_IOERR_READ);
    return leave(f, real(given)->pMethods->xRead(real(given), bytes, count, at));
}

static int file_write(sqlite3_file *given, const void *bytes, int count, sqlite3_int64 at) {
    vfs_file *f = ours(given);
    faulty_kind fate = enter(f, CALL_WRITE);
    if (fate == FAULTY_POWER && f->file) disk_write(f->file, bytes, (size_t)count, at);
    if (fate && fate != FAULTY_SHORT) return leave(f, is_full(fate) ? SQLITE_FULL : SQLITE_IOERR_WRITE);
    int written = fate ? count / 2 : count;
    int code = real(given)->pMethods->xWrite(real(given), bytes, written, at);
    if (code == SQLITE_OK && f->file) disk_write(f->file, bytes, (size_t)written, at);
    return leave(f, fate ? SQLITE_FULL : code);
}

static int file_truncate(sqlite3_file *given, sqlite3_int64 size) {
    vfs_file *f = ours(given);
    faulty_kind fate = enter(f, CALL_TRUNCATE);
    if (fate == FAULTY_POWER && f->file) disk_truncate(f->file, size);
    if (fate) return leave(f, SQLITE_IOERR_TRUNCATE);
    int code = real(given)->pMethods->xTruncate(real(given), size);
    if (code == SQLITE_OK && f->file) disk_truncate(f->file, size);
    return leave(f, code);
}

static int file_sync(sqlite3_file *given, int flags) {
    (void)flags;
    vfs_file *f = ours(given);
    faulty_kind fate = enter(f, CALL_SYNC);
    if (fate && fate != FAULTY_POWER && f->file) disk_half_sync(f->file, &f->disk->chance);
    if (fate) return leave(f, SQLITE_IOERR_FSYNC);
    if (f->file) disk_sync(f->file);
    /* SQLite's own VFS syncs the folder of a journal that it may have made with the first sync. */
    if (f->names_with_sync) disk_sync_names(f->disk);
    f->names_with_sync = 0;
    return leave(f, SQLITE_OK);
}

static int file_size(sqlite3_file *given, sqlite3_int64 *size) {
    vfs_file *f = ours(given);
    if (enter(f, CALL_SIZE)) return leave(f, SQLITE_IOERR_FSTAT);
    return leave(f, real(given)->pMethods->xFileSize(real(given), size));
}

/* Taking a lock may wait for another connection's call, so the disk's own is let go of before. */
static int file_lock(sqlite3_file *given, int level) {
    faulty_kind fate = enter(ours(given), CALL_LOCK);
    leave(ours(given), 0);
    return fate ? SQLITE_IOERR_LOCK : real(given)->pMethods->xLock(real(given), level);
}

static int file_unlock(sqlite3_file *given, int level) {
    return real(given)->pMethods->xUnlock(real(given), level);
}

static int file_reserved(sqlite3_file *given, int *answer) {
    return real(given)->pMethods->xCheckReservedLock(real(given), answer);
}

static int file_control(sqlite3_file *given, int what, void *argument) {
    return real(given)->pMethods->xFileControl(real(given), what, argument);
}

static int file_sector(sqlite3_file *given) { return real(given)->pMethods->xSectorSize(real(given)); }

/* It promises nothing, not even that sectors beside a written one stay whole. */
static int file_traits(sqlite3_file *given) {
    (void)given;
    return 0;
}

static int file_shm_map(sqlite3_file *given, int page, int size, int extend, void volatile **at) {
    faulty_kind fate = enter(ours(given), CALL_LOCK);
    leave(ours(given), 0);
    if (fate) return SQLITE_IOERR_SHMMAP;
    return real(given)->pMethods->xShmMap(real(given), page, size, extend, at);
}

static int file_shm_lock(sqlite3_file *given, int offset, int count, int flags) {
    if (flags & SQLITE_SHM_LOCK) {
        faulty_kind fate = enter(ours(given), CALL_LOCK);
        leave(ours(given), 0);
        if (fate) return SQLITE_IOERR_SHMLOCK;
    }
    return real(given)->pMethods->xShmLock(real(given), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *given) { real(given)->pMethods->xShmBarrier(real(given)); }

static int file_shm_unmap(sqlite3_file *given, int removes) {
    return real(given)->pMethods->xShmUnmap(real(given), removes);
}

static const sqlite3_io_methods methods = {
    2, file_close, file_read, file_write, file_truncate, file_sync, file_size, file_lock, file_unlock,
    file_reserved, file_control, file_sector, file_traits, file_shm_map, file_shm_lock, file_shm_barrier,
    file_shm_unmap, NULL, NULL,
};

static faulty_disk *disk_of(sqlite3_vfs *vfs) { return vfs->pAppData; }

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *given, int flags, int *found) {
    faulty_disk *disk = disk_of(vfs);
    vfs_file *f = ours(given);
    memset(f, 0, sizeof *f);
    f->disk = disk;
    f->path = path;
    pthread_mutex_lock(&disk->lock);
    node *file = path ? disk_find(disk, path) : NULL;
    int makes = path && !file && (flags & SQLITE_OPEN_CREATE);
    faulty_kind fate = disk_judge(disk, makes ? CALL_CREATE : CALL_OPEN, path);
    if (fate) return leave(f, is_full(fate) ? SQLITE_FULL : SQLITE_CANTOPEN);
    int code = disk->base->xOpen(disk->base, path, real(given), flags, found);
    if (code == SQLITE_OK) {
        f->file = makes ? disk_bind(disk, path, NULL) : file;
        f->names_with_sync = (flags & SQLITE_OPEN_CREATE)
            && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL));
        given->pMethods = &methods;
    }
    return leave(f, code);
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int syncs) {
    faulty_disk *disk = disk_of(vfs);
    pthread_mutex_lock(&disk->lock);
    node *file = disk_find(disk, path);
    faulty_kind fate = disk_judge(disk, CALL_UNLINK, path);
    if (fate == FAULTY_POWER && file) disk_unbind(disk, path);
    int code = fate ? SQLITE_IOERR_DELETE : disk->base->xDelete(disk->base, path, 0);
    if (code == SQLITE_OK && file) disk_unbind(disk, path);
    if (code == SQLITE_OK && syncs) disk_sync_names(disk);
    pthread_mutex_unlock(&disk->lock);
    return code;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *answer) {
    faulty_disk *disk = disk_of(vfs);
    pthread_mutex_lock(&disk->lock);
    faulty_kind fate = disk_judge(disk, CALL_ACCESS, path);
    pthread_mutex_unlock(&disk->lock);
    return fate ? SQLITE_IOERR_ACCESS : disk->base->xAccess(disk->base, path, flags, answer);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int room, char *answer) {
    faulty_disk *disk = disk_of(vfs);
    return disk->base->xFullPathname(disk->base, path, room, answer);
}

void vfs_prepare(faulty_disk *disk) {
    disk->vfs = *disk->base;
    disk->vfs.szOsFile = (int)sizeof(vfs_file) + disk->base->szOsFile;
    disk->vfs.pNext = NULL;
    disk->vfs.zName = disk->vfs_name;
    disk->vfs.pAppData = disk;
    disk->vfs.xOpen = vfs_open;
    disk->vfs.xDelete = vfs_delete;
    disk->vfs.xAccess = vfs_access;
    disk->vfs.xFullPathname = vfs_full_path;
}
