/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * All programs of the tracer, one object. Which of them are loaded is decided by the daemon from the
 * board's BTF (probes.c); what they mean is in docs/kernel.md.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kernel.bpf.h"
#include "emit.bpf.h"
#include "driver.bpf.h"
#include "gpuvm.bpf.h"
#include "gem.bpf.h"
#include "sched.bpf.h"
#include "kms.bpf.h"
#include "msm.bpf.h"
#include "walk.bpf.h"

char LICENSE[] SEC("license") = "GPL";
