// SPDX-License-Identifier: MIT
/*
 * scanout-vm-bind: one BO that the GPU writes into through a VM_BIND mapping while the display shows it. Mapping and framebuffer
 * each keep it, until both are gone.
 */
#include <inttypes.h>
#include <unistd.h>

#include "scenario/cmdstream.h"
#include "scenario/expect.h"
#include "scenario/scanout.h"

struct shared {
	struct vs_vm vm;
	struct vs_cmd cmd;
	struct vs_scanout scanout;
	struct vs_bo *bo;
	struct vs_fb fb;
	uint64_t iova;
};

/* A BO of the VM with a handle on the card, and a framebuffer. */
static int make_shared(struct shared *shared)
{
	struct vs_run *run = shared->vm.run;
	uint64_t pitch = shared->scanout.output.mode.hdisplay * 4ull, page = shared->vm.page_size;
	uint64_t size = pitch * shared->scanout.output.mode.vdisplay;
	int dmabuf, r;

	shared->bo = vs_vm_bo_new(&shared->vm, (size + page - 1) / page * page, &r);
	if (r)
		return r;
	r = vs_msm_gem_export(shared->vm.fd, shared->bo->handle, &dmabuf);
	if (r)
		return vs_run_fail(run, r, "exporting BO %" PRIu64, shared->bo->id);
	r = vs_msm_gem_import(shared->scanout.fd, dmabuf, shared->bo->size, &shared->fb.handle);
	close(dmabuf);
	if (r)
		return vs_run_fail(run, r, "importing BO %" PRIu64 " on %s", shared->bo->id, shared->scanout.path);
	shared->bo->shared = true;
	shared->fb.bo = shared->bo->id;
	shared->scanout.pitch = pitch;
	r = vs_fb_add(&shared->scanout, &shared->fb);
	return r ? r : vs_vm_map(&shared->vm, shared->bo, 0, shared->iova, shared->bo->size);
}

static int checkpoint(struct shared *shared, uint32_t handles, const char *step)
{
	struct vs_run *run = shared->vm.run;

	vs_expect_begin(run, step);
	vs_vm_expect(&shared->vm);
	vs_expect_bo(run, shared->bo->id, VS_ANY_POLICY, handles);
	return vs_expect_end(run);
}

static int use(struct shared *shared)
{
	int r = make_shared(shared);

	if (!r)
		r = vs_vm_sync(&shared->vm);
	for (int i = 0; i < 3 && !r; i++) {
		r = vs_scanout_show(&shared->scanout, &shared->fb);
		if (!r)
			r = vs_cmd_check(&shared->cmd, shared->iova + i * 4, shared->iova + i * 4);
	}
	if (!r)
		r = checkpoint(shared, 2, "while a mapped BO is shown");
	if (!r)
		r = vs_vm_bo_close(&shared->vm, shared->bo);
	if (!r)
		r = vs_fb_close_handle(&shared->scanout, &shared->fb);
	if (!r)
		r = checkpoint(shared, 0, "after closing both handles");
	if (!r)
		r = vs_scanout_show(&shared->scanout, &shared->fb);
	if (!r)
		r = vs_vm_unmap(&shared->vm, shared->iova, shared->bo->size);
	if (!r)
		r = vs_vm_sync(&shared->vm);
	return r ? r : checkpoint(shared, 0, "with only the framebuffer left");
}

static int one_round(struct vs_run *run)
{
	struct shared shared = { .vm = { .fd = -1, .run = run }, .scanout = { .fd = -1 } };
	uint32_t id;
	int r = vs_run_step(run), closed;

	if (!r)
		r = vs_vm_open(&shared.vm, run);
	shared.iova = shared.vm.va_start + (2ull << 20);
	if (!r)
		r = vs_cmd_init(&shared.cmd, &shared.vm, shared.vm.va_start);
	if (!r)
		r = vs_scanout_open(&shared.scanout, run, run->fds->card, run->fds->card_path, VS_TO_EITHER);
	if (!r)
		r = use(&shared);
	id = shared.fb.bo;
	/* The VM first: what is shown does not need it. */
	closed = vs_vm_close(&shared.vm);
	r = r ? r : closed;
	closed = vs_scanout_close(&shared.scanout, &shared.fb, 1);
	r = r ? r : closed;
	if (r || shared.scanout.output.kind != VS_KMS_WRITEBACK || shared.scanout.slow)
		return r;
	vs_expect_begin(run, "after the framebuffer is gone too");
	vs_expect_bo_gone(run, id, VS_ANY_POLICY);
	return vs_expect_end(run);
}

static int run(struct vs_run *run)
{
	int r = 0;

	while (!r && run->done < run->total) {
		r = one_round(run);
		run->done += !r;
	}
	return r;
}

static const struct vs_scenario scenarios[] = {
	{ "scanout-vm-bind", "Shows a BO that the GPU writes into through a VM_BIND mapping, and lets go of it by and by",
	  .needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND | VS_NEEDS_CARD,
	  .counts = VS_COUNTS_VM_BIND | VS_COUNTS(COMMIT) | VS_COUNTS(ADDFB) | VS_COUNTS(RMFB), VS_ROUNDS(3), .run = run },
};

VS_FAMILY(scanout_shared);
