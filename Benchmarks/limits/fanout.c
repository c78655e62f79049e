// What the kernel allows in fan-out: one epoll thread writes ready-made frames to N TCP sockets on
// loopback, and another process reads and counts them. It stands beside the server's own figures in
// tools/bench, as their upper limit.
//
//   cc -O2 -Wall -Wextra -o fanout fanout.c
//   ./fanout --clients 1000 --frames 400 --bytes 650 --mode batched [--gather 65536]
//   ./fanout --clients 1000 --frames 30000 --bytes 120 --mode single --rate 1000
//
// batched: as many whole frames as --gather bytes hold, with one write() each; a socket that is full is
// left until epoll says that it has room. single: one write() for each frame and socket. --rate R:
// so many frames a second become ready (0: all are). --updates N: what each frame carries, so that
// deliveries are counted as the server's are. Prints one JSON object; exits 1 with a message when
// anything is not as asked.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "fanout"
#include "program.h"

enum { READ_BYTES = 64 << 10, EVENTS = 512 };

struct options {
    long clients, frames, bytes, gather, rate;
    double updates;
    int batched;
};

static struct options parse(int count, char **arguments) {
    struct options options = {.clients = 100, .frames = 10000, .bytes = 200, .gather = 64 << 10,
                              .updates = 1, .batched = 1};
    for (int i = 1; i < count; i += 2) {
        const char *name = arguments[i];
        if (i + 1 == count) fail("%s needs a value", name);
        const char *value = arguments[i + 1];
        if (!strcmp(name, "--clients")) options.clients = number(name, value, 1);
        else if (!strcmp(name, "--frames")) options.frames = number(name, value, 1);
        else if (!strcmp(name, "--bytes")) options.bytes = number(name, value, 1);
        else if (!strcmp(name, "--gather")) options.gather = number(name, value, 1);
        else if (!strcmp(name, "--rate")) options.rate = number(name, value, 0);
        else if (!strcmp(name, "--updates")) options.updates = atof(value);
        else if (!strcmp(name, "--mode") && !strcmp(value, "batched")) options.batched = 1;
        else if (!strcmp(name, "--mode") && !strcmp(value, "single")) options.batched = 0;
        else fail("%s %s is not an option", name, value);
    }
    if (options.gather < options.bytes) options.gather = options.bytes;
    if (options.updates <= 0) fail("--updates must be above 0");
    return options;
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void watch(int epoll, int socket, uint32_t events, void *what, int operation) {
    struct epoll_event event = {.events = events, .data.ptr = what};
    if (epoll_ctl(epoll, operation, socket, &event) < 0) fail("epoll_ctl: %s", strerror(errno));
}

// The reading process: all sockets in one epoll, until each has brought everything.
static void read_all(struct sockaddr_in *address, const struct options *options) {
    long each = options->frames * options->bytes, waiting = options->clients;
    struct reader { int socket; long left; } *readers = calloc((size_t)options->clients, sizeof *readers);
    int epoll = epoll_create1(0);
    if (!readers || epoll < 0) fail("no memory for %ld readers", options->clients);
    for (long i = 0; i < options->clients; i++) {
        readers[i] = (struct reader){socket(AF_INET, SOCK_STREAM, 0), each};
        if (readers[i].socket < 0 || connect(readers[i].socket, (struct sockaddr *)address, sizeof *address) < 0)
            fail("client %ld: %s", i, strerror(errno));
        fcntl(readers[i].socket, F_SETFL, O_NONBLOCK);
        watch(epoll, readers[i].socket, EPOLLIN, &readers[i], EPOLL_CTL_ADD);
    }
    static char buffer[READ_BYTES];
    struct epoll_event events[EVENTS];
    while (waiting > 0) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            struct reader *reader = events[i].data.ptr;
            ssize_t got = read(reader->socket, buffer, sizeof buffer);
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            if (got <= 0) fail("a socket closed with %ld bytes to come", reader->left);
            reader->left -= got;
            if (reader->left == 0) {
                // The server waits for this byte: everything has arrived.
                if (write(reader->socket, "", 1) != 1) fail("write: %s", strerror(errno));
                waiting--;
            }
        }
    }
    exit(0);
}

struct client {
    int socket;
    int is_full;
    long sent; // bytes
};

// Writes what is ready; false when the socket is full.
static int send_ready(struct client *client, const char *bytes, long ready,
                      const struct options *options, long *writes) {
    long most = options->batched ? options->gather / options->bytes * options->bytes : options->bytes;
    while (client->sent < ready) {
        // A frame that was cut is ended first, so that single writes stay on frames.
        long part = client->sent % options->bytes;
        long length = most - part < ready - client->sent ? most - part : ready - client->sent;
        ssize_t put = write(client->socket, bytes + part, (size_t)length);
        ++*writes;
        if (put < 0 && errno == EAGAIN) return 0;
        if (put < 0) fail("write: %s", strerror(errno));
        client->sent += put;
    }
    return 1;
}

int main(int count, char **arguments) {
    struct options options = parse(count, arguments);
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) < 0
        || listen(listener, 4096) < 0
        || getsockname(listener, (struct sockaddr *)&address, &length) < 0)
        fail("listen: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0) fail("fork: %s", strerror(errno));
    if (child == 0) {
        close(listener);
        read_all(&address, &options);
    }

    struct client *clients = calloc((size_t)options.clients, sizeof *clients);
    char *bytes = malloc((size_t)(options.gather + options.bytes));
    int epoll = epoll_create1(0);
    if (!clients || !bytes || epoll < 0) fail("no memory");
    for (long i = 0; i < options.gather + options.bytes; i++) bytes[i] = (char)(i * 31);
    for (long i = 0; i < options.clients; i++) {
        clients[i].socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (clients[i].socket < 0) fail("accept: %s", strerror(errno));
        setsockopt(clients[i].socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(epoll, clients[i].socket, EPOLLIN, &clients[i], EPOLL_CTL_ADD);
    }

    long whole = options.frames * options.bytes, ready = 0, writes = 0;
    long waiting = options.clients;
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), started = seconds(CLOCK_MONOTONIC);
    struct epoll_event events[EVENTS];
    while (waiting > 0) {
        long made = options.frames;
        if (options.rate) {
            long due = (long)((seconds(CLOCK_MONOTONIC) - started) * (double)options.rate) + 1;
            if (due < made) made = due;
        }
        if (made * options.bytes > ready) {
            ready = made * options.bytes;
            for (long i = 0; i < options.clients; i++) {
                struct client *client = &clients[i];
                if (client->is_full || send_ready(client, bytes, ready, &options, &writes)) continue;
                client->is_full = 1;
                watch(epoll, client->socket, EPOLLIN | EPOLLOUT, client, EPOLL_CTL_MOD);
            }
        }
        int pause = options.rate && ready < whole ? 1 : -1;
        int found = epoll_wait(epoll, events, EVENTS, pause);
        for (int i = 0; i < found; i++) {
            struct client *client = events[i].data.ptr;
            if (events[i].events & EPOLLIN) {
                char end;
                if (read(client->socket, &end, 1) != 1) fail("a reader went away");
                epoll_ctl(epoll, EPOLL_CTL_DEL, client->socket, NULL);
                waiting--;
                continue;
            }
            if (!send_ready(client, bytes, ready, &options, &writes)) continue;
            client->is_full = 0;
            watch(epoll, client->socket, EPOLLIN, client, EPOLL_CTL_MOD);
        }
    }
    double wall = seconds(CLOCK_MONOTONIC) - started;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    int status = 0;
    if (waitpid(child, &status, 0) != child || status) fail("the readers ended with %d", status);
    double deliveries = (double)options.frames * (double)options.clients * options.updates;
    printf("{\"mode\":\"%s\",\"clients\":%ld,\"frames\":%ld,\"frameBytes\":%ld,\"rate\":%ld,"
           "\"deliveries\":%.0f,\"seconds\":%.4f,\"deliveriesPerSecond\":%.0f,\"cpuSeconds\":%.3f,"
           "\"cpuSecondsPerMillion\":%.4f,\"writes\":%ld,\"bytesPerSecond\":%.0f}\n",
           options.batched ? "batched" : "single", options.clients, options.frames, options.bytes,
           options.rate, deliveries, wall, deliveries / wall, cpu, cpu / deliveries * 1e6, writes,
           (double)whole * (double)options.clients / wall);
    return 0;
}
