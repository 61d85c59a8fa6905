/* SPDX-License-Identifier: MIT */
/*
 * The golden frames: one of every message that matters, made from fixed input by the daemon's own code where it has
 * some (the event batch, the snapshot), so that the fixtures hold what a board really sends.
 */
#ifndef VS_TESTS_GOLDEN_H
#define VS_TESTS_GOLDEN_H

#include <stddef.h>
#include <stdint.h>

struct vs_golden {
	const char *name;
	/* Returns the packed Frame, owned by the caller. */
	uint8_t *(*make)(size_t *ret_size);
};

extern const struct vs_golden vs_goldens[];
extern const size_t vs_n_goldens;

#endif
