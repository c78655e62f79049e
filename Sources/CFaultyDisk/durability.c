/* What power loss leaves: files as they were last synced, some of what was written since, and names. */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512

/* SplitMix64. */
uint64_t draw(uint64_t *chance) {
    uint64_t z = (*chance += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static void *take(size_t count) {
    void *bytes = calloc(count ? count : 1, 1);
    if (!bytes) abort();
    return bytes;
}

/* Contents. */

static void resize(node *file, int64_t size) {
    if (size > file->room) {
        int64_t room = size + size / 2 + 4096;
        unsigned char *bytes = realloc(file->bytes, (size_t)room);
        if (!bytes) abort();
        file->bytes = bytes;
        file->room = room;
    }
    if (size > file->size) memset(file->bytes + file->size, 0, (size_t)(size - file->size));
    file->size = size;
}

static void put(node *file, const unsigned char *bytes, size_t count, int64_t at) {
    if (at + (int64_t)count > file->size) resize(file, at + (int64_t)count);
    memcpy(file->bytes + at, bytes, count);
}

static void apply(node *file, const change *made) {
    if (made->bytes) put(file, made->bytes, made->count, made->at);
    else resize(file, made->at);
}

/* Whole, not at all, or each sector by itself. */
static void apply_some(node *file, const change *made, uint64_t *chance) {
    uint64_t lot = draw(chance) % 3;
    if (lot == 0 || (lot == 2 && !made->bytes)) apply(file, made);
    if (lot != 2 || !made->bytes) return;
    for (size_t from = 0; from < made->count;) {
        size_t end = from + SECTOR - (size_t)((made->at + (int64_t)from) % SECTOR);
        if (end > made->count) end = made->count;
        if (draw(chance) & 1) put(file, made->bytes + from, end - from, made->at + (int64_t)from);
        from = end;
    }
}

static void drop_changes(node *file) {
    while (file->first) {
        change *made = file->first;
        file->first = made->next;
        free(made->bytes);
        free(made);
    }
    file->last = NULL;
}

static void note(node *file, change *made) {
    if (file->last) file->last->next = made;
    else file->first = made;
    file->last = made;
}

void disk_write(node *file, const void *bytes, size_t count, int64_t at) {
    change *made = take(sizeof *made);
    made->at = at;
    made->count = count;
    made->bytes = take(count);
    memcpy(made->bytes, bytes, count);
    note(file, made);
}

void disk_truncate(node *file, int64_t size) {
    change *made = take(sizeof *made);
    made->at = size;
    note(file, made);
}

void disk_sync(node *file) {
    for (change *made = file->first; made; made = made->next) apply(file, made);
    drop_changes(file);
}

void disk_half_sync(node *file, uint64_t *chance) {
    for (change *made = file->first; made; made = made->next) apply_some(file, made, chance);
    drop_changes(file);
}

/* Names. */

static name *entry(name *names, const char *path) {
    while (names && strcmp(names->path, path)) names = names->next;
    return names;
}

static void set_name(name **names, const char *path, node *file) {
    name *found = entry(*names, path);
    if (!found) {
        found = take(sizeof *found);
        found->path = strdup(path);
        found->next = *names;
        *names = found;
    }
    found->file = file;
}

static node *new_node(faulty_disk *disk) {
    node *file = take(sizeof *file);
    file->next = disk->nodes;
    disk->nodes = file;
    return file;
}

node *disk_find(faulty_disk *disk, const char *path) {
    name *found = entry(disk->live, path);
    if (found) return found->file;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return NULL;
    struct stat status;
    node *file = NULL;
    if (!fstat(descriptor, &status) && S_ISREG(status.st_mode)) {
        file = new_node(disk);
        resize(file, status.st_size);
        for (off_t at = 0; at < status.st_size;) {
            ssize_t got = pread(descriptor, file->bytes + at, (size_t)(status.st_size - at), at);
            if (got <= 0) abort();
            at += got;
        }
        set_name(&disk->live, path, file);
        set_name(&disk->durable, path, file);
    }
    close(descriptor);
    return file;
}

static void note_names(faulty_disk *disk, const char *one, node *first, const char *two, node *second) {
    rebinding *made = take(sizeof *made);
    made->paths[0] = strdup(one);
    made->files[0] = first;
    if (two) {
        made->paths[1] = strdup(two);
        made->files[1] = second;
    }
    if (disk->last) disk->last->next = made;
    else disk->first = made;
    disk->last = made;
}

static void apply_names(name **names, const rebinding *made) {
    for (int i = 0; i < 2; i++)
        if (made->paths[i]) set_name(names, made->paths[i], made->files[i]);
}

node *disk_bind(faulty_disk *disk, const char *path, node *file) {
    if (!file) file = new_node(disk);
    note_names(disk, path, file, NULL, NULL);
    set_name(&disk->live, path, file);
    return file;
}

void disk_unbind(faulty_disk *disk, const char *path) {
    note_names(disk, path, NULL, NULL, NULL);
    set_name(&disk->live, path, NULL);
}

void disk_rebind(faulty_disk *disk, const char *from, const char *to) {
    node *file = disk_find(disk, from);
    note_names(disk, from, NULL, to, file);
    apply_names(&disk->live, disk->last);
}

/* One folder holds all of a disk's files, so all names become durable at once. */
void disk_sync_names(faulty_disk *disk) {
    while (disk->first) {
        rebinding *made = disk->first;
        apply_names(&disk->durable, made);
        disk->first = made->next;
        free(made->paths[0]);
        free(made->paths[1]);
        free(made);
    }
    disk->last = NULL;
}

static void free_names(name *names) {
    while (names) {
        name *next = names->next;
        free(names->path);
        free(names);
        names = next;
    }
}

void disk_forget(faulty_disk *disk) {
    disk_sync_names(disk);
    free_names(disk->live);
    free_names(disk->durable);
    while (disk->nodes) {
        node *file = disk->nodes;
        disk->nodes = file->next;
        drop_changes(file);
        free(file->bytes);
        free(file);
    }
}

/* Survivors. */

static int write_out(const node *file, const char *folder, const char *path) {
    char target[PATH_MAX];
    const char *last = strrchr(path, '/');
    snprintf(target, sizeof target, "%s/%s", folder, last ? last + 1 : path);
    int descriptor = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) return errno;
    int failure = 0;
    for (int64_t at = 0; at < file->size && !failure;) {
        ssize_t wrote = pwrite(descriptor, file->bytes + at, (size_t)(file->size - at), at);
        if (wrote > 0) at += wrote;
        else failure = errno;
    }
    close(descriptor);
    return failure;
}

static int survive(const node *file, const char *folder, const char *path, uint64_t *chance) {
    node left = {0};
    put(&left, file->bytes, (size_t)file->size, 0);
    for (change *made = file->first; made; made = made->next) apply_some(&left, made, chance);
    int failure = write_out(&left, folder, path);
    free(left.bytes);
    return failure;
}

int faulty_disk_survivors(faulty_disk *disk, const char *to, uint64_t seed) {
    pthread_mutex_lock(&disk->lock);
    uint64_t chance = seed, count = 0;
    for (rebinding *made = disk->first; made; made = made->next) count++;
    uint64_t kept = draw(&chance) % (count + 1);
    name *names = NULL;
    for (name *one = disk->durable; one; one = one->next) set_name(&names, one->path, one->file);
    for (rebinding *made = disk->first; made && kept > 0; made = made->next, kept--)
        apply_names(&names, made);
    int failure = 0;
    for (name *one = names; one && !failure; one = one->next)
        if (one->file) failure = survive(one->file, to, one->path, &chance);
    free_names(names);
    pthread_mutex_unlock(&disk->lock);
    return failure;
}
