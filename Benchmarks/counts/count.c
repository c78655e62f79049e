// Counts what a process asks of the allocator and of the kernel, for tools/bench: loaded by LD_PRELOAD, it
// stands before libc's functions and keeps its counts in a file that others can read meanwhile.
//
//   cc -O2 -Wall -Wextra -shared -fPIC -o count.so count.c
//   COUNTS=/tmp/counts LD_PRELOAD=./count.so cattail leader --data DIR
//
// The file: 64-bit numbers in the order of `enum count`, of all threads together. Without COUNTS in the
// environment nothing is counted.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum count {
    ALLOCATIONS, ALLOCATED_BYTES, FREES, SOCKET_WRITES, SOCKET_READS, FILE_WRITES, FILE_READS, SYNCS,
    POLLS, WRITTEN_BYTES, COUNTS
};

static _Atomic uint64_t unread[COUNTS];
static _Atomic uint64_t *counts = unread;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("COUNTS");
    if (!path) return;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof unread) < 0) abort();
    void *shared = mmap(NULL, sizeof unread, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared == MAP_FAILED) abort();
    close(file);
    counts = shared;
}

static void count(enum count what, uint64_t more) {
    atomic_fetch_add_explicit(&counts[what], more, memory_order_relaxed);
}

// glibc's own names of its allocator: looking them up would allocate.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static void allocated(size_t bytes) {
    count(ALLOCATIONS, 1);
    count(ALLOCATED_BYTES, bytes);
}

void *malloc(size_t bytes) { allocated(bytes); return __libc_malloc(bytes); }
void *calloc(size_t number, size_t bytes) {
    allocated(number * bytes);
    return __libc_calloc(number, bytes);
}
void *realloc(void *old, size_t bytes) { allocated(bytes); return __libc_realloc(old, bytes); }
void *memalign(size_t grid, size_t bytes) { allocated(bytes); return __libc_memalign(grid, bytes); }
void *aligned_alloc(size_t grid, size_t bytes) { return memalign(grid, bytes); }
int posix_memalign(void **out, size_t grid, size_t bytes) {
    *out = memalign(grid, bytes);
    return *out ? 0 : 12; // ENOMEM
}
void free(void *old) {
    if (old) count(FREES, 1);
    __libc_free(old);
}

// What stands behind us, called; a race looks it up twice and finds the same.
#define CALLED(name, result, types, arguments)                      \
    ({                                                              \
        static result (*_Atomic next) types;                        \
        result (*function) types = next;                            \
        if (!function) {                                            \
            *(void **)&function = dlsym(RTLD_NEXT, #name);          \
            next = function;                                        \
        }                                                           \
        function arguments;                                         \
    })
#define NEXT(name, result, types, arguments) return CALLED(name, result, types, arguments)

// What the kernel took: of a write that it took in part the rest comes again.
static ssize_t wrote(ssize_t bytes) {
    count(SOCKET_WRITES, 1);
    if (bytes > 0) count(WRITTEN_BYTES, (uint64_t)bytes);
    return bytes;
}

// NIO writes to its sockets by write, writev and sendmsg, and wakes its loops by write of 8 bytes; SQLite
// writes by pwrite.
ssize_t write(int file, const void *from, size_t bytes) {
    return wrote(CALLED(write, ssize_t, (int, const void *, size_t), (file, from, bytes)));
}
ssize_t writev(int file, const struct iovec *parts, int number) {
    return wrote(CALLED(writev, ssize_t, (int, const struct iovec *, int), (file, parts, number)));
}
ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
    return wrote(
        CALLED(sendmsg, ssize_t, (int, const struct msghdr *, int), (file, message, flags)));
}
ssize_t read(int file, void *into, size_t bytes) {
    count(SOCKET_READS, 1);
    NEXT(read, ssize_t, (int, void *, size_t), (file, into, bytes));
}
ssize_t recv(int file, void *into, size_t bytes, int flags) {
    count(SOCKET_READS, 1);
    NEXT(recv, ssize_t, (int, void *, size_t, int), (file, into, bytes, flags));
}
ssize_t pwrite64(int file, const void *from, size_t bytes, off64_t at) {
    count(FILE_WRITES, 1);
    NEXT(pwrite64, ssize_t, (int, const void *, size_t, off64_t), (file, from, bytes, at));
}
ssize_t pread64(int file, void *into, size_t bytes, off64_t at) {
    count(FILE_READS, 1);
    NEXT(pread64, ssize_t, (int, void *, size_t, off64_t), (file, into, bytes, at));
}
int fsync(int file) { count(SYNCS, 1); NEXT(fsync, int, (int), (file)); }
int fdatasync(int file) { count(SYNCS, 1); NEXT(fdatasync, int, (int), (file)); }
int epoll_wait(int epoll, struct epoll_event *events, int number, int pause) {
    count(POLLS, 1);
    NEXT(epoll_wait, int, (int, struct epoll_event *, int, int), (epoll, events, number, pause));
}
