/* SPDX-License-Identifier: MIT */
/*
 * What is particular to msm on the daemon's side: what the GPU offers, and the debugfs file that makes the kernel
 * list its buffers. Its probes are in trace/probes.c, its programs in trace/bpf/msm.bpf.h.
 */
#ifndef VS_BOARD_DRIVER_MSM_H
#define VS_BOARD_DRIVER_MSM_H

#include <stdbool.h>
#include <stdint.h>

struct vs_msm_facts {
	bool present;
	int error; /* why the GPU could not be asked, -errno */
	char gpu[32]; /* "Adreno 702" */
	bool vm_bind;
	int vm_bind_error; /* why not, -errno */
	bool sparse;
	uint64_t va_start; /* bytes */
	uint64_t va_size;
};

/* Asks through files of its own, which are closed again: EN_VM_BIND changes the file it is written to. */
void vs_msm_facts_read(const char *render_path, struct vs_msm_facts *facts);

/*
 * Opens debugfs "gem" of a DRM minor for the walk. Works without debugfs in the file tree: a mount that is attached
 * nowhere is made, seen by nobody else, and gone with the descriptor. -errno when it cannot be had.
 */
int vs_msm_open_walk(int card_minor);
/* The same for debugfs "shrink": what is written there, so many pages the shrinker is asked to free (msm_debugfs.c, Linux 7.3). */
int vs_msm_open_shrink(int card_minor);

#endif
