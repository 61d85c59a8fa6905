/* SPDX-License-Identifier: MIT */
/* The preflight: what the daemon needs from this board, each with what was found and what to do about it. */
#ifndef VS_BOARD_CHECKS_H
#define VS_BOARD_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

#include "board/driver_msm.h"
#include "board/nodes.h"
#include "scenario/runner.h"
#include "trace/tracer.h"
#include "vascope/v1/capabilities.pb-c.h"

#define VS_CHECKS_MAX 12
#define VS_REMEDY_MAX 320 /* bytes */

struct vs_check {
	const char *id;
	const char *title;
	Vascope__V1__CheckState state;
	char detail[256];
	char remedy[VS_REMEDY_MAX];
};

struct vs_checks {
	struct vs_check check[VS_CHECKS_MAX];
	size_t n;
};

/* All that is looked at; borrowed. */
struct vs_findings {
	bool root;
	bool alone; /* no other vascoped holds the lock */
	int walk_error; /* why debugfs "gem" could not be opened, -errno */
	bool runner; /* the scenario runner was started */
	int render_error; /* why the runner's identity may not open the traced render node, -errno */
	const struct vs_btf *btf;
	const struct vs_nodes *nodes;
	const struct vs_msm_facts *msm;
	const struct vs_tracer *tracer;
	const struct vs_runner_fds *offer; /* what scenarios may use */
};

/*
 * What lets the scenario runner open a render node that belongs to root alone: root's group is never given to it
 * (vs_identity_add_group()).
 */
void vs_render_remedy(char ret[VS_REMEDY_MAX], const struct vs_node *node);

void vs_checks_make(struct vs_checks *checks, const struct vs_findings *findings);

#endif
