/* SPDX-License-Identifier: MIT */
/* The DRM devices of the board: which driver, which display resources, whether we can be DRM master. */
#ifndef VS_BOARD_NODES_H
#define VS_BOARD_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define VS_NODES_MAX 8
#define VS_CONNECTORS_MAX 16

struct vs_node {
	char card[64];   /* "/dev/dri/card0", "" when there is none */
	char render[64]; /* "/dev/dri/renderD128", "" when there is none */
	char driver[32];
	char version[32]; /* "1.13.0" */
	char desc[64];
	gid_t card_gid;
	gid_t render_gid;
	int card_minor; /* of the debugfs folder, -1 without a card node */
	uint32_t crtcs;
	uint32_t planes;
	char connectors[VS_CONNECTORS_MAX][32]; /* "Writeback-1" */
	size_t n_connectors;
	bool display; /* one of them is connected and no writeback connector */
	int card_fd; /* -1 when it could not be opened */
	int error;   /* why, -errno */
	bool master;
};

struct vs_nodes {
	struct vs_node node[VS_NODES_MAX];
	size_t n;
	int traced; /* index of the one whose driver we know best, -1 without any */
};

/* Opens every card node; close them with vs_nodes_close_cards(). */
void vs_nodes_find(struct vs_nodes *nodes);
void vs_nodes_close_cards(struct vs_nodes *nodes);

static inline const struct vs_node *vs_nodes_traced(const struct vs_nodes *nodes)
{
	return nodes->traced < 0 ? NULL : &nodes->node[nodes->traced];
}

/* Which one to trace: the first msm that has a render node (a GPU), else the first msm, else the first; -1 without any. */
int vs_nodes_choose(const struct vs_nodes *nodes);

/*
 * The device to scan out on: the traced one, or where GPU and display are devices of their own (msm with separate_gpu_kms,
 * drivers "msm" and "msm-kms") the first of msm's that has a CRTC. The traced one, too, when none has.
 */
const struct vs_node *vs_nodes_scanout(const struct vs_nodes *nodes);

/* The device to flip pages on: that one when it has a connected display, else the first that has; NULL when none has. */
const struct vs_node *vs_nodes_display(const struct vs_nodes *nodes);

/*
 * Opens vgem's card node: its buffers are made there only. The caller closes it. -ENODEV when vgem is not loaded, or may
 * not be opened.
 */
int vs_nodes_open_vgem(void);

#endif
