// SPDX-License-Identifier: MIT
/*
 * legacy-random: by seed, what two files do with BOs that both have a handle to, in VMs whose addresses the kernel manages. What is
 * mapped afterwards depends on the kernel's policy, and all three are stated: handle-counted, a file's mapping goes with its
 * handle; weak, with the last handle of both; hard, never.
 */
#include "scenario/cmdstream.h"
#include "scenario/expect.h"
#include "scenario/vm.h"

#define MAX_OPS 64
#define BO_PAGES 2

enum { ROUNDS, OPS };

struct shared {
	struct vs_bo *bo[2]; /* in each file */
	bool used[2];        /* by a submit of this file */
};

struct pair {
	struct vs_vm *vm[2];
	struct vs_bo *cmd[2]; /* command buffers, of one file each */
	bool submitted[2];
	struct shared shared[MAX_OPS];
	size_t n;
	bool ended; /* a BO has no handle any more: when it goes is the scheduler's business, see expect.h */
};

static int make(struct pair *pair)
{
	struct shared *shared = &pair->shared[pair->n];
	int r;

	shared->bo[0] = vs_vm_bo_new(pair->vm[0], BO_PAGES * pair->vm[0]->page_size, &r);
	if (r)
		return r;
	pair->n++;
	shared->bo[1] = vs_vm_bo_share(pair->vm[1], pair->vm[0], shared->bo[0], &r);
	return r;
}

/* One of the BOs at random; NULL when this file has no handle to it, which is as good as doing nothing. */
static struct shared *pick(struct pair *pair, unsigned file)
{
	struct shared *shared = pair->n ? &pair->shared[vs_rng_below(&pair->vm[0]->run->rng, pair->n)] : NULL;

	return shared && shared->bo[file]->handle ? shared : NULL;
}

static int close_one(struct pair *pair, unsigned file)
{
	struct shared *shared = pick(pair, file);

	if (!shared)
		return 0;
	pair->ended |= !shared->bo[!file]->handle;
	return vs_vm_bo_close(pair->vm[file], shared->bo[file]);
}

static int submit_some(struct pair *pair, unsigned file)
{
	struct vs_bo *bo[VS_VM_SUBMIT_BOS] = { pair->cmd[file] };
	uint32_t n = 1;

	for (size_t i = 0; i < pair->n && n < VS_VM_SUBMIT_BOS; i++) {
		struct shared *shared = &pair->shared[i];

		if (!shared->bo[file]->handle || !vs_rng_below(&pair->vm[0]->run->rng, 2))
			continue;
		bo[n++] = shared->bo[file];
		shared->used[file] = true;
	}
	pair->submitted[file] = true;
	return vs_vm_submit_bos(pair->vm[file], bo, n, vs_cmd_nop(pair->cmd[file]));
}

/* Is it mapped in the VM of a file? For weak, only while every BO has a handle. */
static bool is_mapped(const struct shared *shared, unsigned file, Vascope__V1__ReferencePolicy policy)
{
	return shared->used[file] && (policy != VS_HANDLE_COUNTED || shared->bo[file]->handle);
}

static void expect_file(struct pair *pair, unsigned file, Vascope__V1__ReferencePolicy policy)
{
	struct vs_va va[MAX_OPS + 1];
	size_t n = 0;

	/* At addresses that the kernel chooses. */
	if (pair->submitted[file])
		va[n++] = (struct vs_va){ .range = pair->cmd[file]->size, .bo = pair->cmd[file]->id };
	for (size_t i = 0; i < pair->n; i++) {
		const struct vs_bo *bo = pair->shared[i].bo[file];

		if (is_mapped(&pair->shared[i], file, policy))
			va[n++] = (struct vs_va){ .range = bo->size, .bo = bo->id };
	}
	vs_expect_vm(pair->vm[file]->run, pair->vm[file]->ordinal, policy, va, n);
}

static int expect_both(struct pair *pair)
{
	struct vs_run *run = pair->vm[0]->run;

	vs_expect_begin(run, "after one of the random operations");
	for (unsigned file = 0; file < 2; file++) {
		expect_file(pair, file, VS_HANDLE_COUNTED);
		expect_file(pair, file, VS_HARD);
		if (!pair->ended)
			expect_file(pair, file, VS_WEAK);
	}
	for (size_t i = 0; i < pair->n; i++) {
		struct vs_bo *const *bo = pair->shared[i].bo;
		uint32_t handles = !!bo[0]->handle + !!bo[1]->handle;

		if (handles)
			vs_expect_bo(run, bo[0]->id, VS_ANY_POLICY, handles);
	}
	return vs_expect_end(run);
}

static int one_operation(struct pair *pair)
{
	struct vs_rng *rng = &pair->vm[0]->run->rng;
	unsigned what = vs_rng_below(rng, 4), file = vs_rng_below(rng, 2);

	if (what == 0 || !pair->n)
		return make(pair);
	return what == 1 ? close_one(pair, file) : submit_some(pair, file);
}

static int in_both(struct pair *pair)
{
	struct vs_run *run = pair->vm[0]->run;
	int r = 0;

	for (unsigned file = 0; file < 2 && !r; file++) {
		pair->cmd[file] = vs_vm_bo_new(pair->vm[file], pair->vm[file]->page_size, &r);
		if (!r)
			r = vs_vm_bo_mmap(pair->vm[file], pair->cmd[file]);
	}
	for (uint64_t i = 0; i < run->param[OPS] && !r; i++) {
		r = vs_run_step(run);
		if (!r)
			r = one_operation(pair);
		if (!r)
			r = expect_both(pair);
	}
	return r;
}

static int random_operations(struct vs_vm *first)
{
	struct vs_vm second = { .fd = -1, .run = first->run };
	struct pair pair = { .vm = { first, &second } };
	int r = vs_vm_open_legacy(&second, first->run), closed;

	if (!r)
		r = in_both(&pair);
	closed = vs_vm_close(&second);
	return r ? r : closed;
}

static const struct vs_param params[] = {
	[ROUNDS] = { "rounds", "times to do it, each time anew", "", 1, 100000, 4 },
	[OPS] = { "ops", "operations in each round", "", 1, MAX_OPS, 16 },
};

static const struct vs_scenario scenarios[] = {
	{ "legacy-random", "Lets two files map shared BOs by submits and close their handles at random, in VMs that the kernel manages",
	  .needs = VS_NEEDS_RENDER, .counts = VS_COUNTS(SUBMIT) | VS_COUNTS(GEM_NEW) | VS_COUNTS(GEM_CLOSE), .params = params,
	  .n_params = VS_ARRAY_SIZE(params), .in_vm = random_operations, .open = vs_vm_open_legacy },
};

VS_FAMILY(legacy_random);
