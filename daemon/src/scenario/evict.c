// SPDX-License-Identifier: MIT
/*
 * Pages that the kernel may take: madvise, and the shrinker, which is made to run through debugfs. Eviction takes the page
 * table entries and the pages; the mapping stays in the VA tree (put_iova_spaces(), msm_gem.c, Linux 7.3).
 *
 * Without swap space only what is marked as not needed is taken.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scenario/cmdstream.h"
#include "scenario/vm.h"

#define BO_PAGES 16
#define EVICT_PAGES 4096 /* more than a scenario's VM has */

static int madvise_bo(struct vs_vm *vm, const struct vs_bo *bo, uint32_t madv, bool *ret_retained)
{
	int r = vs_msm_gem_madvise(vm->fd, bo->handle, madv, ret_retained);

	return r ? vs_run_fail(vm->run, r, "GEM_MADVISE %u of BO %" PRIu64, madv, bo->id) : 0;
}

/* Ask the shrinker for so many pages. */
static int shrink(struct vs_run *run, unsigned pages)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%u", pages);
	ssize_t written = write(run->fds->shrink, text, n);

	return written == n ? 0 :
			      vs_run_fail(run, written < 0 ? -errno : -EIO, "asking msm's shrinker for %u pages", pages);
}

/* Map a BO and let the GPU use it. */
static struct vs_bo *used_bo(struct vs_vm *vm, struct vs_cmd *cmd, uint64_t iova, int *ret_err)
{
	struct vs_bo *bo;

	*ret_err = vs_cmd_init(cmd, vm, vm->va_start);
	bo = *ret_err ? NULL : vs_vm_bo_new(vm, BO_PAGES * vm->page_size, ret_err);
	if (!*ret_err)
		*ret_err = vs_vm_map(vm, bo, 0, iova, bo->size);
	if (!*ret_err)
		*ret_err = vs_vm_sync(vm);
	if (!*ret_err)
		*ret_err = vs_cmd_check(cmd, iova, iova);
	return bo;
}

static int willneed(struct vs_vm *vm)
{
	uint64_t iova = vm->va_start + (2ull << 20);
	struct vs_cmd cmd;
	struct vs_bo *bo;
	bool retained;
	int r;

	bo = used_bo(vm, &cmd, iova, &r);
	if (!r)
		r = madvise_bo(vm, bo, VS_MSM_MADV_DONTNEED, &retained);
	if (!r)
		r = madvise_bo(vm, bo, VS_MSM_MADV_WILLNEED, &retained);
	/* Memory may have become short in between; then there is nothing more to see here. */
	if (!r && !retained)
		return vs_vm_unmap(vm, iova, bo->size);
	if (!r)
		r = vs_vm_checkpoint(vm, "after a BO was not needed and is again");
	return r ? r : vs_cmd_check(&cmd, iova, iova);
}

static int purge(struct vs_vm *vm)
{
	uint64_t iova = vm->va_start + (2ull << 20);
	struct vs_cmd cmd;
	struct vs_bo *bo;
	bool retained;
	int r;

	bo = used_bo(vm, &cmd, iova, &r);
	if (!r)
		r = madvise_bo(vm, bo, VS_MSM_MADV_DONTNEED, &retained);
	/* More than this BO: others may be first in the kernel's list. */
	for (int i = 0; i < 100 && !r; i++) {
		r = shrink(vm->run, 8 * BO_PAGES);
		if (!r)
			r = madvise_bo(vm, bo, VS_MSM_MADV_DONTNEED, &retained);
		if (!r && !retained)
			break;
		/* A BO that was used a moment ago may still count as busy. */
		if (!r)
			r = vs_run_sleep_until(vm->run, vs_now_ns() + 10 * VS_NS_PER_MS);
	}
	if (!r && retained)
		r = vs_run_fail(vm->run, -ETIME, "the shrinker did not take BO %" PRIu64 ", which is not needed", bo->id);
	if (!r)
		r = vs_vm_checkpoint(vm, "after the pages of a mapped BO were taken");
	/* Before the next submit, which would want its pages back. */
	if (!r)
		r = vs_vm_unmap(vm, iova, bo->size);
	if (!r)
		r = vs_vm_sync(vm);
	if (!r)
		r = vs_vm_checkpoint(vm, "after unmapping it");
	return r ? r : vs_cmd_check(&cmd, cmd.result_iova, cmd.result_iova);
}

/*
 * Bytes of this file's BOs that have pages, as its fdinfo says: what the shrinker took is told nowhere else. -1 where the kernel
 * does not say it.
 */
static int64_t resident(const struct vs_vm *vm)
{
	static const char *const units[] = { "B", "KiB", "MiB" };
	char path[64], line[128], unit[8];
	int64_t bytes = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", vm->fd);
	file = fopen(path, "re");
	if (!file)
		return -1;
	while (bytes < 0 && fgets(line, sizeof(line), file)) {
		uint64_t n;

		strcpy(unit, "B");
		if (sscanf(line, "drm-resident-memory: %" SCNu64 " %7s", &n, unit) < 1)
			continue;
		for (size_t i = 0; i < VS_ARRAY_SIZE(units); i++)
			if (!strcmp(unit, units[i]))
				bytes = (int64_t)(n << 10 * i);
	}
	fclose(file);
	return bytes;
}

/* Takes the pages of everything in this VM. */
static int evict_all(struct vs_vm *vm)
{
	int64_t left = resident(vm);
	int r = 0;

	for (int i = 0; i < 100 && left && !r; i++) {
		r = shrink(vm->run, EVICT_PAGES);
		/* A BO that was used a moment ago may still count as busy. */
		if (!r)
			r = vs_run_sleep_until(vm->run, vs_now_ns() + 10 * VS_NS_PER_MS);
		left = resident(vm);
		if (left < 0 && i == 2)
			return r; /* not told: it has been asked for often enough */
	}
	if (!r && left > 0)
		r = vs_run_fail(vm->run, -ETIME, "the shrinker left %" PRId64 " bytes in memory although there is swap space", left);
	return r;
}

static int swapped(struct vs_vm *vm)
{
	uint64_t iova = vm->va_start + (2ull << 20);
	uint32_t value = vs_rng_next(&vm->run->rng) | 1;
	struct vs_cmd cmd;
	int r;

	used_bo(vm, &cmd, iova, &r);
	if (r)
		return r;
	vs_cmd_begin(&cmd);
	vs_cmd_mem_write(&cmd, iova, value);
	r = vs_cmd_run(&cmd);
	if (!r)
		r = evict_all(vm);
	if (!r)
		r = vs_vm_checkpoint(vm, "after the pages of a mapped BO that is needed were taken");
	if (r)
		return r;
	vs_cmd_begin(&cmd);
	vs_cmd_read_back(&cmd, iova, 0);
	r = vs_cmd_run(&cmd);
	if (!r && vs_cmd_result(&cmd, 0) != value)
		r = vs_run_fail(vm->run, -EIO, "0x%08x was written before the eviction, 0x%08x read after it", value,
				vs_cmd_result(&cmd, 0));
	return r ? r : vs_vm_checkpoint(vm, "after a submit that wanted them back");
}

static const struct vs_scenario scenarios[] = {
	{ "evict-willneed", "Says of a mapped BO that it is not needed, and then that it is, before anything took its pages",
	  .needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND, .counts = VS_COUNTS_VM_BIND, VS_ROUNDS(5), .in_vm = willneed },
	{ "evict-purge", "Makes the shrinker take the pages of a mapped BO that is not needed; the mapping stays",
	  .needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND | VS_NEEDS_SHRINK, .counts = VS_COUNTS_VM_BIND, VS_ROUNDS(5), .in_vm = purge },
	{ "evict-needed", "Makes the shrinker take the pages of mapped BOs that are needed, and lets a submit want them back",
	  .needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND | VS_NEEDS_SHRINK | VS_NEEDS_SWAP, .counts = VS_COUNTS_VM_BIND, VS_ROUNDS(3),
	  .in_vm = swapped },
};

VS_FAMILY(evict);
