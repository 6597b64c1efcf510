/** The command line of `doctor`. */
import { parseArgs } from "node:util";
import { UsageError } from "../arguments.ts";
import { patience } from "./patience.ts";

export type DoctorArguments = {
  /** Kubeconfig; default: `KUBECONFIG`, else `~/.kube/config`. */
  readonly kubeconfig?: string;
  /** A context of it; default: its current one. */
  readonly context?: string;
  /** Seconds for the whole run; what has not answered by then is said to be unseen. Default 30. */
  readonly timeout: number;
  readonly collect: boolean;
  readonly json: boolean;
};

export const usage = `usage: kubelet-trust doctor --collect [--kubeconfig FILE] [--context NAME] [--timeout SECONDS] [--json]
       in a clone: npm run doctor -- ...
  --collect                  print the certificate of each kubelet that signs its own, as the configuration takes it
                             (selfSignedCertificate), with fingerprints to compare on the machines (docs/doctor.md)
  --kubeconfig FILE          how to reach the cluster; default: KUBECONFIG, else ~/.kube/config
  --context NAME             a context of it; default: its current context
  --timeout SECONDS          for the whole run, 1 to 600; each node has at most ${patience} of them; default: 30
  --json                     print JSON (docs/doctor.md)
It only reads. exit code: 0 every kubelet was seen; 1 some were not; 2 bad input, or no cluster`;

/**
 * Reads the words after the command. `undefined` asks for help.
 *
 * @throws UsageError when an option is unknown, lacks its value or has a bad one
 */
export function readDoctorArguments(argv: readonly string[]): DoctorArguments | undefined {
  const values = parse(argv);
  if (values.help) return undefined;
  if (!values.collect) throw new UsageError("say what to do: --collect");
  return {
    timeout: readTimeout(values.timeout),
    collect: values.collect,
    json: values.json ?? false,
    ...(values.kubeconfig !== undefined && { kubeconfig: values.kubeconfig }),
    ...(values.context !== undefined && { context: values.context }),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      strict: true,
      options: {
        kubeconfig: { type: "string" },
        context: { type: "string" },
        timeout: { type: "string" },
        collect: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split("\n")[0] ?? "") : "");
  }
}

function readTimeout(text = "30"): number {
  const seconds = Number(text);
  if (text.trim() === "" || !(seconds >= 1 && seconds <= 600)) {
    throw new UsageError(
      `--timeout: ${JSON.stringify(text)} is no number of seconds from 1 to 600; leave it out for 30`,
    );
  }
  return seconds;
}
