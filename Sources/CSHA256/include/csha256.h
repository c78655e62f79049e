#ifndef CATTAIL_CSHA256_H
#define CATTAIL_CSHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// SHA-256 (FIPS 180-4) by the processor's own instructions, one message at a time or two side by
// side: the instructions of one message wait for each other, and those of another fill the gaps.

// Whether this processor has them. The functions below must not be called where it has not.
bool csha256_is_available(void);

// digest: 32 bytes.
void csha256(const uint8_t *bytes, size_t count, uint8_t *digest);

// Two messages at once; each may be of any length.
void csha256_pair(
    const uint8_t *bytes0, size_t count0, uint8_t *digest0, const uint8_t *bytes1, size_t count1,
    uint8_t *digest1);

#endif
