/** Machines `machine-1`, `machine-2`, ... with addresses of 10.0.0.0/8; up to 60,000. */
export function benchMachines(count: number): { name: string; addresses: string[] }[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `machine-${index + 1}`,
    addresses: [`10.1.${Math.floor(index / 250)}.${(index % 250) + 1}`],
  }));
}
