/* SPDX-License-Identifier: MIT */
/*
 * A VM_BIND VM for a scenario: one open render node, its two queues, its BOs, and the model of what the
 * kernel does to its VAs. Every request is checked, counted in run->issued and noted with its object
 * when it fails. All of it is given back by vs_vm_close(), so a scenario has no ladder of its own.
 */
#ifndef VS_SCENARIO_VM_H
#define VS_SCENARIO_VM_H

#include "drm/msm.h"
#include "scenario/run.h"
#include "scenario/va_model.h"

#define VS_VM_BATCH_MAX 64 /* operations in one VM_BIND */
#define VS_VM_FENCES 8     /* fences that may be open at a time */
#define VS_VM_QUEUES 4     /* VM_BIND queues */
#define VS_VM_SUBMIT_BOS 8 /* BOs in one submit of a kernel-managed VM */

struct vs_bo {
	uint64_t id;     /* its ordinal, see expect.h */
	uint64_t size;   /* bytes */
	uint32_t handle; /* 0 once it is closed */
	void *cpu;       /* NULL when not mapped for the CPU */
	bool shared;     /* another file has it too: closing this one does not end it */
};

struct vs_vm {
	struct vs_run *run;
	int fd;
	uint32_t queue; /* for submits, 0 when there is none */
	uint32_t bind_queue; /* the first of the VM_BIND queues, 0 in a kernel-managed VM */
	uint32_t bind_queues[VS_VM_QUEUES];
	unsigned n_bind_queues;
	uint64_t va_start;  /* bytes; the first address a scenario may use */
	uint64_t va_size;   /* bytes */
	uint64_t page_size; /* bytes */
	bool has_prr;       /* MAP_NULL is possible */
	struct vs_bo **bo;
	size_t n_bos;
	uint32_t ordinal; /* of the VM, see expect.h; 0 while there is none */
	struct vs_va_model model;
	uint64_t inserts, removes; /* of the model, as far as run->issued has them */
	/* The request being put together; its BOs are for the model. */
	struct vs_msm_vm_bind_op op[VS_VM_BATCH_MAX];
	uint64_t op_bo[VS_VM_BATCH_MAX];
	uint32_t n_ops;
	uint64_t requests; /* VM_BINDs issued */
	uint64_t submits;
	/* Of earlier VM_BINDs, oldest first; the jobs run in this order. */
	struct vs_vm_fence {
		int fd;
		uint64_t request;
		uint32_t n_ops;
	} fence[VS_VM_FENCES];
	unsigned n_fences;
};

/* Open the render node and opt in to VM_BIND. Always pair with vs_vm_close(), also after a failure. */
int vs_vm_open(struct vs_vm *vm, struct vs_run *run);
/* The same without the opt-in: the kernel gives out the addresses, and the model stays empty. */
int vs_vm_open_legacy(struct vs_vm *vm, struct vs_run *run);
/* The same on the card node, where a BO may get a second handle; takes that no one is DRM master. */
int vs_vm_open_card(struct vs_vm *vm, struct vs_run *run);
/* One more VM_BIND queue. The VM closes it. */
int vs_vm_queue_new(struct vs_vm *vm, uint32_t *ret_queue);

/*
 * Unmap what is still mapped, wait for it, close BOs, queues and file. Keeps going when something
 * fails. Returns 0 or the first error, which is noted.
 */
int vs_vm_close(struct vs_vm *vm);
/* Close only the file, with what is mapped and open in it: the kernel takes it all down. 0, or a noted failure. */
int vs_vm_close_as_is(struct vs_vm *vm);

/* size in bytes, a multiple of the page size. The VM owns the BO. NULL after a noted failure: *ret_err. */
struct vs_bo *vs_vm_bo_new(struct vs_vm *vm, uint64_t size, int *ret_err);
/*
 * A handle of this VM's file to a BO of another one (or of the same: then it is the same handle), by way of a dma-buf.
 * Both are marked as shared.
 */
struct vs_bo *vs_vm_bo_share(struct vs_vm *vm, struct vs_vm *from, struct vs_bo *bo, int *ret_err);
/* Another handle of the same file, of a card node, to the same BO. Both are marked as shared. */
struct vs_bo *vs_vm_bo_second_handle(struct vs_vm *vm, struct vs_bo *bo, int *ret_err);
/* Map for the CPU, read and write. */
int vs_vm_bo_mmap(struct vs_vm *vm, struct vs_bo *bo);
/* Close the handle. What is mapped in the VM keeps the BO alive. */
int vs_vm_bo_close(struct vs_vm *vm, struct vs_bo *bo);

/*
 * Add an operation to the request; a full request is issued by itself. All in bytes, page aligned.
 * A BO whose handle is closed is refused with -EBADF: an unknown handle must not reach the kernel.
 */
int vs_vm_map(struct vs_vm *vm, const struct vs_bo *bo, uint64_t offset, uint64_t iova, uint64_t range);
int vs_vm_map_null(struct vs_vm *vm, uint64_t iova, uint64_t range);
int vs_vm_unmap(struct vs_vm *vm, uint64_t iova, uint64_t range);

/* Issue the request, if there is one. With a fence: when too many are open, the oldest is waited for first. */
int vs_vm_flush(struct vs_vm *vm, bool fence);
/* Issue the request, which must not be empty, on a queue of this VM, with what it waits for and tells. */
int vs_vm_flush_with(struct vs_vm *vm, uint32_t queue, const struct vs_msm_sync *sync);
/*
 * Issue the request with a fence and wait for it, which covers all before it: they run in order.
 * With nothing to issue it waits only for the fences that were asked for.
 */
int vs_vm_sync(struct vs_vm *vm);

/* Checkpoint: what the model has now, and how many handles each BO has. For use between begin and end. */
void vs_vm_expect(const struct vs_vm *vm);
/* A checkpoint of this VM alone; step says after what. 0, or a noted failure. */
int vs_vm_checkpoint(struct vs_vm *vm, const char *step);

/* Run a command buffer, and wait until it is done, also when cancelled meanwhile. size in bytes. */
int vs_vm_submit(struct vs_vm *vm, uint64_t iova, uint32_t size);
/* Not waited for: *ret_fence is a sync_file that the caller closes, and it must signal before the VM is closed. */
int vs_vm_submit_fence(struct vs_vm *vm, uint64_t iova, uint32_t size, int *ret_fence);
/* In a kernel-managed VM: map up to VS_VM_SUBMIT_BOS BOs and run the first, then wait. */
int vs_vm_submit_bos(struct vs_vm *vm, struct vs_bo *const *bo, uint32_t n, uint32_t size);
/* Add to run->issued what the model has counted since the last time. */
void vs_vm_tell_expected(struct vs_vm *vm);

#endif
