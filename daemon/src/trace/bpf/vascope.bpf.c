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
#include "kernel_msm.bpf.h"
#include "emit.bpf.h"
#include "task.bpf.h"
#include "list.bpf.h"
#include "driver.bpf.h"
#include "gpuvm.bpf.h"
#include "sm.bpf.h"
#include "gem.bpf.h"
#include "prime.bpf.h"
#include "sched.bpf.h"
#include "kms.bpf.h"
#include "msm_vm.bpf.h"
#include "msm_bind.bpf.h"
#include "msm_pte.bpf.h"
#include "msm_bo.bpf.h"
#include "msm_gpu.bpf.h"
#include "msm_kms.bpf.h"
#include "walk.bpf.h"

char LICENSE[] SEC("license") = "GPL";
