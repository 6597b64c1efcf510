import { removeLab } from "../host/cleanup.ts";
import type { Lab } from "../host/identity.ts";

/** `npm run lab -- down`: removes the lab and says what there was. Nothing there is fine. */
export async function down(lab: Lab): Promise<number> {
  const { found, processes, mounts, cgroups } = await removeLab(lab);
  process.stdout.write(
    found || processes > 0
      ? `Removed lab ${lab.id}: ${processes} processes, ${mounts} mounts, ${cgroups} cgroups, its files.\n`
      : `There is no lab ${lab.id}.\n`,
  );
  return 0;
}
