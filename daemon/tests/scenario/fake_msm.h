/* SPDX-License-Identifier: MIT */
/*
 * A fake msm for unit tests: it stands in for libdrm's drmIoctl(), through which every request goes, ours and
 * libdrm's own. Handles, BOs, the VA tree with drm_gpuvm's split rules, command buffers (really run), fences
 * (eventfds that poll), framebuffers and atomic state are kept, so that a test can ask what is left over.
 *
 * Written from the kernel's rules and not from va_model.c, so that one checks the other.
 */
#ifndef VS_TESTS_FAKE_MSM_H
#define VS_TESTS_FAKE_MSM_H

#include <stdbool.h>
#include <stdint.h>

#include "scenario/runner.h"

struct fake_msm {
	/* What happened since the start. */
	uint64_t va_inserts;
	uint64_t va_removes;
	uint64_t maps, unmaps, map_nulls;
	uint64_t submits;
	uint64_t commits;
	uint64_t ioctls;
	uint64_t hash;        /* over all VM_BIND operations: the same requests give the same */
	uint64_t early_writebacks; /* commits before the writeback job of the one before had ended */
	uint64_t binds_while_busy; /* VM_BINDs while the GPU ran a command buffer */
	uint64_t bad_handles; /* VM_BINDs with a handle that does not exist: never allowed */
	/* What to do. */
	uint64_t fail_at;      /* this ioctl (1 is the first) fails, 0 for none */
	int fail_errno;
	unsigned hold_fences;  /* so many new fences do not signal */
	int fence_status;      /* 1, or -errno */
	unsigned submit_ms;    /* so long the GPU runs a command buffer; 0 is at once */
	bool no_prr;
	bool break_writes;     /* the GPU writes nothing */
	bool has_writeback;
	bool has_display;
	unsigned long failed;  /* the request that fail_at hit */
	void (*on_ioctl)(uint64_t n); /* called before ioctl number n */
};

extern struct fake_msm fake;

/* Start anew; fds gets a render node and a card that the scenarios can open and use. */
void fake_msm_start(struct vs_runner_fds *fds);
void fake_msm_stop(struct vs_runner_fds *fds);

/* Whether the fake holds what a checkpoint says; why not. */
bool fake_msm_agrees(const Vascope__V1__Checkpoint *checkpoint, char why[128]);

/* Let the kernel's own deferred work end. */
void fake_msm_settle(void);
/* What is left: all must be 0 after a scenario. */
unsigned fake_msm_handles(void);
unsigned fake_msm_bos(void);
unsigned fake_msm_vas(void);
unsigned fake_msm_queues(void);
unsigned fake_msm_fbs(void);
unsigned fake_msm_blobs(void);
/* How much of the free CRTC is set, and planes and connectors that belong to it. */
unsigned fake_msm_lit(void);
/* What the owner of the other CRTC does; that CRTC is on from the start, and a primary plane belongs to it. */
void fake_msm_other_blanks(void);
void fake_msm_other_takes_display(void);
void fake_msm_other_takes_planes(void);
/* Whether a commit changed any of what is that owner's. */
bool fake_msm_other_disturbed(void);
bool fake_msm_master(void);

#endif
