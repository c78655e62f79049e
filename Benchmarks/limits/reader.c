// What reading a snapshot costs at least: frames as a leader sent them come over a loopback socket from
// a thread, are inflated by libdeflate, and each item in them is hashed by SHA-256 and summed into
// the state digest. Nothing is kept. It stands beside the client's own figure in tools/bench.
//
//   cc -O2 -Wall -Wextra -o reader reader.c -ldeflate -lcrypto -lpthread
//   ./reader FILE      FILE: a connection's bytes behind the preface
//
// Frames: u32 length, header byte (codec, dictionary), body (proto/protocol.md, R3 and R7). Prints one JSON
// object, its digest the proof that every item was read; exits 1 with a message when a frame cannot be.

#include <arpa/inet.h>
#include <errno.h>
#include <libdeflate.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "reader"
#include "program.h"

enum { FRAME_BYTES = (2 << 20) + 4, CHANGES = 3, CHANGE = 1, ITEM = 1, LANES = 4 };

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct bytes {
    const uint8_t *start;
    size_t count;
};

static struct bytes contents(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail("%s: %s", path, strerror(errno));
    fseek(file, 0, SEEK_END);
    size_t count = (size_t)ftell(file);
    uint8_t *start = malloc(count + 1);
    rewind(file);
    if (!start || fread(start, 1, count, file) != count) fail("%s: cannot be read", path);
    fclose(file);
    return (struct bytes){start, count};
}

struct totals {
    long frames, skipped, items;
    size_t inflated;
    uint64_t digest[LANES];
};

static uint64_t varint(struct bytes *left) {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && left->count; shift += 7) {
        uint8_t byte = *left->start++;
        left->count--;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return value;
    }
    fail("a number runs beyond the end of its message");
}

// The next field: its number, and its body when it has one.
static unsigned next_field(struct bytes *left, struct bytes *body) {
    uint64_t tag = varint(left);
    *body = (struct bytes){NULL, 0};
    size_t length = 0;
    switch (tag & 7) {
    case 0: varint(left); return (unsigned)(tag >> 3);
    case 1: length = 8; break;
    case 2: length = varint(left); break;
    case 5: length = 4; break;
    default: fail("a field of an unknown kind");
    }
    if (length > left->count) fail("a field runs beyond the end of its message");
    *body = (struct bytes){left->start, length};
    left->start += length, left->count -= length;
    return (unsigned)(tag >> 3);
}

static void hash(struct bytes item, EVP_MD_CTX *context, const EVP_MD *sha, struct totals *totals) {
    uint8_t out[32];
    if (!EVP_DigestInit_ex2(context, sha, NULL) || !EVP_DigestUpdate(context, item.start, item.count)
        || !EVP_DigestFinal_ex(context, out, NULL)) fail("no SHA-256");
    for (int lane = 0; lane < LANES; lane++) {
        uint64_t word;
        memcpy(&word, out + lane * 8, 8);
        totals->digest[lane] += __builtin_bswap64(word);
    }
    totals->items++;
}

static void read_message(struct bytes message, EVP_MD_CTX *context, const EVP_MD *sha,
                         struct totals *totals) {
    struct bytes changes, change, item;
    while (message.count) {
        if (next_field(&message, &changes) != CHANGES) continue;
        while (changes.count) {
            if (next_field(&changes, &change) != CHANGE) continue;
            while (change.count)
                if (next_field(&change, &item) == ITEM) hash(item, context, sha, totals);
        }
    }
}

struct feeding {
    int socket;
    struct bytes bytes;
};

static void *feed(void *argument) {
    struct feeding *feeding = argument;
    for (size_t at = 0; at < feeding->bytes.count;) {
        ssize_t put = write(feeding->socket, feeding->bytes.start + at, feeding->bytes.count - at);
        if (put < 0) fail("write: %s", strerror(errno));
        at += (size_t)put;
    }
    close(feeding->socket);
    return NULL;
}

// Two ends of a TCP connection on loopback.
static void connect_pair(int ends[2]) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || ends[0] < 0 || bind(listener, (struct sockaddr *)&address, length) < 0
        || listen(listener, 1) < 0 || getsockname(listener, (struct sockaddr *)&address, &length) < 0
        || connect(ends[0], (struct sockaddr *)&address, length) < 0
        || (ends[1] = accept(listener, NULL, NULL)) < 0) fail("socket: %s", strerror(errno));
    close(listener);
}

static struct totals read_all(struct bytes bytes) {
    static uint8_t buffer[2 * FRAME_BYTES], plain[FRAME_BYTES];
    struct totals totals = {0};
    struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_MD *sha = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!inflater || !context || !sha) fail("no inflater or no SHA-256");
    int ends[2];
    connect_pair(ends);
    struct feeding feeding = {ends[1], bytes};
    pthread_t feeder;
    if (pthread_create(&feeder, NULL, feed, &feeding)) fail("no thread");
    size_t filled = 0;
    for (;;) {
        ssize_t got = read(ends[0], buffer + filled, sizeof buffer - filled);
        if (got < 0) fail("read: %s", strerror(errno));
        if (got == 0) break;
        filled += (size_t)got;
        size_t at = 0;
        while (filled - at >= 5) {
            uint32_t length, size;
            memcpy(&length, buffer + at, 4);
            length = __builtin_bswap32(length);
            if (length < 1 || length > FRAME_BYTES - 4) fail("a frame of %u bytes", length);
            if (filled - at < 4 + (size_t)length) break;
            uint8_t header = buffer[at + 4];
            struct bytes body = {buffer + at + 5, length - 1};
            totals.frames++;
            if (header == 1 && body.count > 4) {
                memcpy(&size, body.start, 4);
                size = __builtin_bswap32(size);
                if (size > sizeof plain || libdeflate_zlib_decompress(inflater, body.start + 4,
                        body.count - 4, plain, size, NULL) != LIBDEFLATE_SUCCESS)
                    fail("frame %ld cannot be inflated", totals.frames);
                body = (struct bytes){plain, size};
            }
            // Small frames may have a dictionary; a snapshot's items are in large ones.
            if (header > 1) totals.skipped++;
            else read_message(body, context, sha, &totals), totals.inflated += body.count;
            at += 4 + (size_t)length;
        }
        memmove(buffer, buffer + at, filled - at);
        filled -= at;
    }
    if (filled) fail("%zu bytes are left", filled);
    pthread_join(feeder, NULL);
    close(ends[0]);
    libdeflate_free_decompressor(inflater);
    EVP_MD_CTX_free(context);
    EVP_MD_free(sha);
    return totals;
}

int main(int count, char **arguments) {
    if (count != 2) fail("give one file");
    struct bytes bytes = contents(arguments[1]);
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), started = seconds(CLOCK_MONOTONIC);
    struct totals totals = read_all(bytes);
    double wall = seconds(CLOCK_MONOTONIC) - started;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("{\"seconds\":%.4f,\"cpuSeconds\":%.4f,\"frames\":%ld,\"skipped\":%ld,\"items\":%ld,\"bytes\":%zu,"
           "\"inflatedBytes\":%zu,\"digest\":\"%016llx%016llx%016llx%016llx\"}\n",
           wall, cpu, totals.frames, totals.skipped, totals.items, bytes.count, totals.inflated,
           (unsigned long long)totals.digest[0], (unsigned long long)totals.digest[1],
           (unsigned long long)totals.digest[2], (unsigned long long)totals.digest[3]);
    return 0;
}
