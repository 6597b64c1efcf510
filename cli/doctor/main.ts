/** The command `doctor`, without its process: what is printed where, and the exit code. */
import { misused, type Ran } from "../main.ts";
import { type DoctorArguments, readDoctorArguments, usage } from "./arguments.ts";
import { collect } from "./collect.ts";
import { connectTo } from "./connect.ts";
import { diagnose } from "./diagnosis.ts";
import { readCluster } from "./evidence.ts";
import { toDocument } from "./json.ts";
import { lookAtPorts, nodesOf } from "./nodes.ts";
import { toLines } from "./print.ts";
import { type Progress, startProgress } from "./progress.ts";

/** Runs the command. */
export async function doctor(
  argv: readonly string[],
  progress: Progress = startProgress(),
): Promise<Ran> {
  try {
    const args = readDoctorArguments(argv);
    if (!args) return { exitCode: 0, stdout: usage, stderr: "" };
    return await run(args, progress);
  } catch (error) {
    return misused("doctor", error);
  } finally {
    progress.end();
  }
}

async function run(args: DoctorArguments, progress: Progress): Promise<Ran> {
  const time = new AbortController();
  const timer = setTimeout(() => time.abort(), args.timeout * 1000);
  try {
    const client = await connectTo(args, time.signal);
    try {
      if (args.collect) {
        const nodes = await nodesOf(client);
        return collect(await lookAtPorts(nodes, time.signal, progress), args.json);
      }
      const evidence = await readCluster(client, args, time.signal, progress);
      const diagnosis = diagnose(evidence, new Date());
      return {
        exitCode: diagnosis.judgement.isAccepted ? 0 : 1,
        stdout: args.json
          ? toDocument(diagnosis, client)
          : toLines(
              diagnosis,
              `${client.context} (${client.server}), ${evidence.nodes.length} nodes`,
            ),
        stderr: "",
      };
    } finally {
      client.close();
    }
  } finally {
    clearTimeout(timer);
  }
}
