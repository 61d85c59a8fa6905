/* SPDX-License-Identifier: MIT */
/*
 * The attach plan: which program watches which symbol, and what is missing without it. Decided from BTF before
 * anything is loaded; the outcome goes into Capabilities.probes. A driver adds its own table.
 */
#ifndef VS_TRACE_PROBES_H
#define VS_TRACE_PROBES_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/btf.h"
#include "trace/event.h"
#include "vascope/v1/capabilities.pb-c.h"

#define VS_PROBE_KINDS 2

enum vs_how {
	VS_HOW_FENTRY,
	VS_HOW_FEXIT,
	VS_HOW_KPROBE,
	VS_HOW_KRETPROBE,
	VS_HOW_TRACEPOINT,
};

struct vs_probe {
	const char *program; /* in the BPF object */
	const char *symbol;
	const char *module; /* where the symbol is, unless it is built in */
	enum vs_how how;
	enum vs_kind kinds[VS_PROBE_KINDS]; /* 0 ends; empty: serves the snapshot */
	const char *stands_in_for;          /* program that this one replaces where that one's symbol is absent */
	const char *spared_by; /* function of msm: where it is there, this program is not needed */
	bool measures_only;                 /* without it the events come, without a duration or a reason of theirs */
};

struct vs_probe_table {
	const struct vs_probe *probes;
	size_t n;
};

/* Any driver. */
extern const struct vs_probe_table vs_probes_generic;
/* msm, see board/driver_msm.c for the rest of that driver. */
extern const struct vs_probe_table vs_probes_msm;

/* What became of one probe. */
struct vs_probe_result {
	const struct vs_probe *probe;
	Vascope__V1__ProbeState state;
	bool wanted; /* to be loaded */
	char *reason; /* owned, NULL when attached as planned */
};

const char *vs_how_name(enum vs_how how);

/*
 * One result per probe of all tables, in order; a stand-in that is not needed is left out. state is ATTACHED or
 * ALTERNATIVE for what is to be loaded, to be corrected when that fails.
 */
size_t vs_probes_plan(struct vs_btf *btf, const struct vs_probe_table *const *tables, size_t n_tables,
		      struct vs_probe_result **ret);
void vs_probes_free(struct vs_probe_result *results, size_t n);

#endif
