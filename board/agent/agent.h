/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hardware side of the virtual board. The register files of the GPU, its IOMMU and the display controller are plain
 * RAM; this module is what reacts to them. Registers keep the names of the hardware manuals (Mesa's and msm's XML).
 */
#ifndef VIRT_ADRENO_H
#define VIRT_ADRENO_H

#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/pm_domain.h>
#include <linux/wait.h>

struct agent;

/* Indices of the power domains, as the device tree's consumers name them. */
enum agent_domain_id {
	AGENT_CX,	/* GPU register bus and its IOMMU */
	AGENT_GX,	/* the GPU's cores: the command processor loses its state when this goes off */
	AGENT_MDSS,	/* display */
	AGENT_DOMAINS,
};

struct agent_domain {
	struct generic_pm_domain pd;
	struct agent *agent;
	bool on;
};

struct agent_stats {
	u64 packets;
	u64 indirect_buffers;
	u64 fences;
	u64 gpu_interrupts;
	u64 memory_writes;
	u64 translation_faults;
	u64 last_fault_iova;
	u64 unknown_packets;
	u32 last_unknown_opcode;
	u64 writeback_frames;
};

struct agent {
	struct device *dev;
	void __iomem *gpu;
	void __iomem *smmu;
	void __iomem *mdss;
	int gpu_irq;
	int mdss_irq;
	struct task_struct *thread;
	wait_queue_head_t powered;

	/* Held by the hardware thread while it works, and while a power domain changes. */
	struct mutex lock;
	/* Page table of the running context, as CP_SMMU_TABLE_UPDATE gave it; 0 before the first. */
	u64 ttbr0;
	/* Dwords of the ring already executed. */
	u32 rptr;

	struct agent_domain domain[AGENT_DOMAINS];
	struct generic_pm_domain *domains[AGENT_DOMAINS];
	struct genpd_onecell_data provider;
	struct dentry *debugfs;
	struct agent_stats stats;
};

/* GPU registers are numbered in dwords. */
static inline u32 gpu_read(struct agent *agent, u32 reg)
{
	return readl_relaxed(agent->gpu + reg * 4);
}

static inline void gpu_write(struct agent *agent, u32 reg, u32 value)
{
	writel_relaxed(value, agent->gpu + reg * 4);
}

static inline u64 gpu_read64(struct agent *agent, u32 reg)
{
	return gpu_read(agent, reg) | (u64)gpu_read(agent, reg + 1) << 32;
}

/* mmu.c: the GPU's view of memory. A read of an unmapped address gives 0, a write to one is dropped; both are counted. */
u32 mmu_read(struct agent *agent, u64 iova);
void mmu_write(struct agent *agent, u64 iova, u32 value);
void mmu_write64(struct agent *agent, u64 iova, u64 value);
void mmu_set_table(struct agent *agent, u64 ttbr0, u16 asid);
u64 mmu_ttbr1(struct agent *agent);

/* cp.c: the command processor. */
void cp_power_on(struct agent *agent);
void cp_power_off(struct agent *agent);
void cp_poll(struct agent *agent);

/* dpu.c: the display controller's writeback path. */
void dpu_power_on(struct agent *agent);
void dpu_poll(struct agent *agent);

/* power.c: the domains that gate both. */
int power_init(struct agent *agent);
void power_exit(struct agent *agent);
bool power_any(struct agent *agent);

#endif
