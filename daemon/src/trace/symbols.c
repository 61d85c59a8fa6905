/* SPDX-License-Identifier: MIT */
#include "trace/symbols.h"

#include <errno.h>
#include <linux/bpf.h>

#include <bpf/bpf.h>

#include "util.h"

#define VS_NAME_ROOM 128 /* a power of two, for the mask below */

/* return bpf_kallsyms_lookup_name(name, size & (VS_NAME_ROOM - 1), 0, &address), size being the context. */
static int vs_symbols_load(int name)
{
	const struct bpf_insn instructions[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_1 },
		{ .code = BPF_ALU64 | BPF_AND | BPF_K, .dst_reg = BPF_REG_2, .imm = VS_NAME_ROOM - 1 },
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = BPF_REG_1, .src_reg = BPF_PSEUDO_MAP_VALUE, .imm = name },
		{ .code = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = 0 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8, .imm = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_4, .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_4, .imm = -8 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_kallsyms_lookup_name },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = BPF_F_SLEEPABLE);

	return bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "vs_symbol", "GPL", instructions, VS_ARRAY_SIZE(instructions),
			     &options);
}

/* 0, or -errno of the kernel's answer: -ENOENT where it has no such name. */
static int vs_symbols_ask(const struct vs_symbols *symbols, const char *module, const char *name)
{
	char text[VS_NAME_ROOM] = "";
	uint64_t size;
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &size, .ctx_size_in = sizeof(size));
	uint32_t key = 0;
	int r;

	size = (uint64_t)snprintf(text, sizeof(text), "%s%s%s", module ? module : "", module ? ":" : "", name) + 1;
	if (size >= sizeof(text))
		return -ENAMETOOLONG;
	if (bpf_map_update_elem(symbols->name, &key, text, BPF_ANY))
		return -errno;
	r = bpf_prog_test_run_opts(symbols->program, &options);
	return r ? r : (int)options.retval;
}

void vs_symbols_init(struct vs_symbols *symbols)
{
	*symbols = (struct vs_symbols){
		.name = bpf_map_create(BPF_MAP_TYPE_ARRAY, "vs_symbol_name", sizeof(uint32_t), VS_NAME_ROOM, 1, NULL),
		.program = -1,
	};
	if (symbols->name >= 0)
		symbols->program = vs_symbols_load(symbols->name);
	/* kptr_restrict and lockdown can forbid it; every kernel has this one. */
	symbols->usable = symbols->program >= 0 && !vs_symbols_ask(symbols, NULL, "vfs_read");
}

void vs_symbols_destroy(struct vs_symbols *symbols)
{
	if (symbols->program >= 0)
		close(symbols->program);
	if (symbols->name >= 0)
		close(symbols->name);
	*symbols = (struct vs_symbols){ .program = -1, .name = -1 };
}

bool vs_symbols_has(const struct vs_symbols *symbols, const char *module, const char *name)
{
	return !symbols->usable || vs_symbols_ask(symbols, module, name) != -ENOENT;
}
