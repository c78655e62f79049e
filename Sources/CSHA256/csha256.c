#include "csha256.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))
#define INLINE static inline __attribute__((always_inline)) WITH_SHA

enum { BLOCK = 64 };

static const uint32_t constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

// The eight words of the state as the instructions want them: (A, B, E, F) and (C, D, G, H), the
// first of each in the highest lane.
typedef struct {
    __m128i abef, cdgh;
} State;

INLINE State initial(void) {
    return (State){
        _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c),
        _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19),
    };
}

INLINE void load(const uint8_t *block, __m128i words[4]) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    for (int i = 0; i < 4; i++)
        words[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block + 16 * i)), swap);
}

// The next four words of the message's schedule, from the sixteen before them.
INLINE __m128i schedule(__m128i a, __m128i b, __m128i c, __m128i d) {
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4));
    return _mm_sha256msg2_epu32(sum, d);
}

INLINE void four_rounds(State *state, __m128i words, int group) {
    __m128i input =
        _mm_add_epi32(words, _mm_load_si128((const __m128i *)(constants + 4 * group)));
    state->cdgh = _mm_sha256rnds2_epu32(state->cdgh, state->abef, input);
    input = _mm_shuffle_epi32(input, 0x0e);
    state->abef = _mm_sha256rnds2_epu32(state->abef, state->cdgh, input);
}

INLINE void take(State *state, const uint8_t *block) {
    const State before = *state;
    __m128i words[4];
    load(block, words);
#pragma GCC unroll 16
    for (int group = 0; group < 16; group++) {
        const int now = group & 3;
        four_rounds(state, words[now], group);
        if (group < 12)
            words[now] = schedule(
                words[now], words[(now + 1) & 3], words[(now + 2) & 3], words[(now + 3) & 3]);
    }
    state->abef = _mm_add_epi32(state->abef, before.abef);
    state->cdgh = _mm_add_epi32(state->cdgh, before.cdgh);
}

INLINE void take_pair(State *state0, const uint8_t *block0, State *state1, const uint8_t *block1) {
    const State before0 = *state0, before1 = *state1;
    __m128i words0[4], words1[4];
    load(block0, words0);
    load(block1, words1);
#pragma GCC unroll 16
    for (int group = 0; group < 16; group++) {
        const int now = group & 3;
        four_rounds(state0, words0[now], group);
        four_rounds(state1, words1[now], group);
        if (group < 12) {
            words0[now] = schedule(
                words0[now], words0[(now + 1) & 3], words0[(now + 2) & 3], words0[(now + 3) & 3]);
            words1[now] = schedule(
                words1[now], words1[(now + 1) & 3], words1[(now + 2) & 3], words1[(now + 3) & 3]);
        }
    }
    state0->abef = _mm_add_epi32(state0->abef, before0.abef);
    state0->cdgh = _mm_add_epi32(state0->cdgh, before0.cdgh);
    state1->abef = _mm_add_epi32(state1->abef, before1.abef);
    state1->cdgh = _mm_add_epi32(state1->cdgh, before1.cdgh);
}

// A message in blocks: the whole ones stand where they are, the rest of it and its length in a
// tail of one block or two.
typedef struct {
    const uint8_t *bytes;
    size_t whole, blocks;
    uint8_t tail[2 * BLOCK];
} Message;

static void begin(Message *message, const uint8_t *bytes, size_t count) {
    const size_t rest = count % BLOCK;
    const size_t tail_blocks = rest + 1 + 8 > BLOCK ? 2 : 1;
    message->bytes = bytes;
    message->whole = count / BLOCK;
    message->blocks = message->whole + tail_blocks;
    if (rest > 0)
        memcpy(message->tail, bytes + count - rest, rest);
    message->tail[rest] = 0x80;
    memset(message->tail + rest + 1, 0, tail_blocks * BLOCK - rest - 1);
    const uint64_t bits = __builtin_bswap64((uint64_t)count * 8);
    memcpy(message->tail + tail_blocks * BLOCK - 8, &bits, 8);
}

static inline const uint8_t *block_of(const Message *message, size_t index) {
    return index < message->whole ? message->bytes + index * BLOCK
                                  : message->tail + (index - message->whole) * BLOCK;
}

INLINE void write_digest(State state, uint8_t *digest) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const __m128i feba = _mm_shuffle_epi32(state.abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(state.cdgh, 0xb1);
    const __m128i dcba = _mm_blend_epi16(feba, dchg, 0xf0);
    const __m128i hgfe = _mm_alignr_epi8(dchg, feba, 8);
    _mm_storeu_si128((__m128i *)digest, _mm_shuffle_epi8(dcba, swap));
    _mm_storeu_si128((__m128i *)(digest + 16), _mm_shuffle_epi8(hgfe, swap));
}

bool csha256_is_available(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return false;
    const bool has_sse = (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0;
    return has_sse && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0;
}

WITH_SHA void csha256(const uint8_t *bytes, size_t count, uint8_t *digest) {
    Message message;
    begin(&message, bytes, count);
    State state = initial();
    for (size_t i = 0; i < message.blocks; i++)
        take(&state, block_of(&message, i));
    write_digest(state, digest);
}

WITH_SHA void csha256_pair(
    const uint8_t *bytes0, size_t count0, uint8_t *digest0, const uint8_t *bytes1, size_t count1,
    uint8_t *digest1) {
    Message message0, message1;
    begin(&message0, bytes0, count0);
    begin(&message1, bytes1, count1);
    State state0 = initial(), state1 = initial();
    size_t i = 0;
    for (; i < message0.blocks && i < message1.blocks; i++)
        take_pair(&state0, block_of(&message0, i), &state1, block_of(&message1, i));
    for (size_t j = i; j < message0.blocks; j++)
        take(&state0, block_of(&message0, j));
    for (size_t j = i; j < message1.blocks; j++)
        take(&state1, block_of(&message1, j));
    write_digest(state0, digest0);
    write_digest(state1, digest1);
}

#else

bool csha256_is_available(void) { return false; }

void csha256(const uint8_t *bytes, size_t count, uint8_t *digest) {
    (void)bytes, (void)count, (void)digest;
    abort();
}

void csha256_pair(
    const uint8_t *bytes0, size_t count0, uint8_t *digest0, const uint8_t *bytes1, size_t count1,
    uint8_t *digest1) {
    (void)bytes0, (void)count0, (void)digest0, (void)bytes1, (void)count1, (void)digest1;
    abort();
}

#endif
