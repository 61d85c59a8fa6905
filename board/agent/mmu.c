// SPDX-License-Identifier: GPL-2.0
/*
 * Translation of GPU addresses through the page tables that msm and the SMMU driver built: stage 1, AArch64 format,
 * 4 KiB granule, 48-bit addresses. Bit 48 of an address chooses the kernel's table (TTBR1) or the context's (TTBR0).
 */
#include <linux/mm.h>

#include "agent.h"

/* Context bank 0; the register file has 16 pages of global space before the banks. */
#define SMMU_CB0		0x10000
#define SMMU_CB_TTBR0		(SMMU_CB0 + 0x20)
#define SMMU_CB_TTBR1		(SMMU_CB0 + 0x28)

#define TTBR_ASID_SHIFT		48
#define TTBR1_SELECT		BIT_ULL(48)

#define PTE_VALID_BIT		BIT_ULL(0)
#define PTE_TABLE_BIT		BIT_ULL(1)
#define PTE_ADDRESS		GENMASK_ULL(47, 12)
#define LEVELS			4
#define LEVEL_BITS		9

u64 mmu_ttbr1(struct agent *agent)
{
	return readq_relaxed(agent->smmu + SMMU_CB_TTBR1);
}

void mmu_set_table(struct agent *agent, u64 ttbr0, u16 asid)
{
	agent->ttbr0 = ttbr0;
	writeq_relaxed(ttbr0 | (u64)asid << TTBR_ASID_SHIFT, agent->smmu + SMMU_CB_TTBR0);
}

/* The kernel address behind a GPU address, or NULL on a translation fault. */
static u32 *mmu_translate(struct agent *agent, u64 iova)
{
	phys_addr_t pa;
	int level;

	if (iova & TTBR1_SELECT)
		pa = mmu_ttbr1(agent) & PTE_ADDRESS;
	else
		pa = (agent->ttbr0 ?: readq_relaxed(agent->smmu + SMMU_CB_TTBR0)) & PTE_ADDRESS;

	for (level = 0; level < LEVELS; level++) {
		int shift = PAGE_SHIFT + LEVEL_BITS * (LEVELS - 1 - level);
		u64 offset = BIT_ULL(shift) - 1;
		u64 *table, pte;

		if (!pa || !pfn_valid(PHYS_PFN(pa)))
			break;
		table = phys_to_virt(pa);
		pte = READ_ONCE(table[(iova >> shift) & (BIT(LEVEL_BITS) - 1)]);
		if (!(pte & PTE_VALID_BIT))
			break;
		pa = pte & PTE_ADDRESS;
		if (level < LEVELS - 1 && (pte & PTE_TABLE_BIT))
			continue;

		pa = (pa & ~offset) | (iova & offset);
		if (!pfn_valid(PHYS_PFN(pa)))
			break;
		return phys_to_virt(pa);
	}

	agent->stats.translation_faults++;
	agent->stats.last_fault_iova = iova;
	return NULL;
}

u32 mmu_read(struct agent *agent, u64 iova)
{
	u32 *word = mmu_translate(agent, iova);

	return word ? READ_ONCE(*word) : 0;
}

void mmu_write(struct agent *agent, u64 iova, u32 value)
{
	u32 *word = mmu_translate(agent, iova);

	if (!word)
		return;
	WRITE_ONCE(*word, value);
	agent->stats.memory_writes++;
}

void mmu_write64(struct agent *agent, u64 iova, u64 value)
{
	mmu_write(agent, iova, lower_32_bits(value));
	mmu_write(agent, iova + 4, upper_32_bits(value));
}
