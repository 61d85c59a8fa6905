/* SPDX-License-Identifier: MIT */
/* What a scenario may need of a board. */
#ifndef VS_SCENARIO_NEEDS_H
#define VS_SCENARIO_NEEDS_H

enum vs_need {
	VS_NEEDS_RENDER = 1 << 0,  /* a render node of msm */
	VS_NEEDS_VM_BIND = 1 << 1, /* that offers VM_BIND */
	VS_NEEDS_PRR = 1 << 2,     /* and MAP_NULL */
	VS_NEEDS_CARD = 1 << 3,    /* msm's display: a writeback connector or a connected display */
	VS_NEEDS_FLIP = 1 << 4,    /* a connected display, of any driver */
	VS_NEEDS_SHRINK = 1 << 5,  /* msm's shrinker in debugfs */
	VS_NEEDS_VGEM = 1 << 6,    /* vgem, for fences that signal late */
	VS_NEEDS_SWAP = 1 << 7,    /* swap space: without it nothing that is needed is evicted */
};

/* The first of the needs in the mask, which is missing, for a person: "x; what to do". "" for 0. */
const char *vs_need_text(unsigned needs);
/* Its name. */
const char *vs_need_name(unsigned needs);

#endif
