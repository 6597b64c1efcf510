/**
 * The distribution's cloud-init on a machine of the lab, as at the first boot of a machine in a cloud.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Failure } from "../../toolchain/fail.mjs";
import { layOut, type RunningMachine } from "./machine.ts";
import { layOutSystemctl, standInFolder } from "./systemctl.ts";

const run = promisify(execFile);

/** Where cloud-init looks for user data that no cloud serves. Source: cloud-init `DataSourceNoCloud.py`. */
const seed = "/var/lib/cloud/seed/nocloud";

/**
 * The modules that user data of this project needs, and none that would change what a machine of the lab shares with
 * its host.
 */
const settings = `datasource_list: [NoCloud]
network: {config: disabled}
preserve_hostname: true
cloud_init_modules: [write-files]
cloud_config_modules: [runcmd]
cloud_final_modules: [scripts-user]
`;

/**
 * The stages of a boot, in their order, but for the one that waits for a network: user data that needs none is read
 * before it. Source: cloud-init `doc/rtd/explanation/boot.rst`, `cloudinit/cmd/main.py` (main_init).
 */
const stages = [
  ["init", "--local"],
  ["modules", "--mode=config"],
  ["modules", "--mode=final"],
];

/**
 * Gives a machine its user data, and lets cloud-init do with it what it does at a first boot. What the data asks of
 * systemd is written down (`systemctl.ts`).
 *
 * @throws {Failure} with cloud-init's last words.
 */
export async function runCloudInit(
  machine: RunningMachine,
  userData: string | Buffer,
): Promise<void> {
  const { name } = machine;
  const files: readonly (readonly [string, string | Buffer])[] = [
    [`${seed}/user-data`, userData],
    [`${seed}/meta-data`, `instance-id: ${name}\nlocal-hostname: ${name}\ndsmode: local\n`],
    ["/etc/cloud/cloud.cfg.d/99-kubelet-trust-lab.cfg", settings],
  ];
  layOut(
    machine,
    files.map(([path, content]) => ({ path, mode: 0o600, content: Buffer.from(content) })),
  );
  layOutSystemctl(machine);
  for (const stage of stages) {
    try {
      await run(
        "nsenter",
        ["-t", String(machine.pid), "-p", "-m", "-n", "-u", "--", "cloud-init", ...stage],
        {
          cwd: "/",
          env: { PATH: `${standInFolder}:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: "/root" },
        },
      );
    } catch (error) {
      const { stderr = "", message } = error as { stderr?: string; message: string };
      const words = (stderr.trim() || message).split("\n").at(-1);
      throw new Failure(`cloud-init ${stage.join(" ")} on ${name} failed: ${words}`);
    }
  }
}
