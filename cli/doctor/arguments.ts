/** The command line of `doctor`. */
import { parseArgs } from "node:util";
import { encodePem, pemBlocks } from "../../trust/certificates/pem.ts";
import { inOneLine, UsageError } from "../arguments.ts";
import { contentOf } from "../disk.ts";
import { callPatience } from "./patience.ts";

/** A file of certificates that somebody hands in. */
export type HandedInFile = { readonly file: string; readonly text: string };

export type DoctorArguments = {
  /** Kubeconfig; default: `KUBECONFIG`, else `~/.kube/config`. */
  readonly kubeconfig?: string;
  /** A context of it; default: its current one. */
  readonly context?: string;
  /** Seconds for the whole run; what has not answered by then is said to be unseen. Default 30. */
  readonly timeout: number;
  readonly collect: boolean;
  /** What kube-apiserver has as `--kubelet-certificate-authority`: a file of the control plane, which no API shows. */
  readonly certificateAuthority?: HandedInFile;
  /** What it has as `--kubelet-client-certificate`. */
  readonly clientCertificate?: HandedInFile;
  readonly json: boolean;
};

export const usage = `usage: kubelet-trust doctor [options]
       kubelet-trust doctor --collect [options]
       in a clone: npm run doctor -- ...
Asks a cluster that runs, and says of each kubelet whether kube-apiserver's calls work, whether it is verified, and why.
  --certificate-authority FILE
                             the file that kube-apiserver has as --kubelet-certificate-authority, from a control plane
  --client-certificate FILE  the file that it has as --kubelet-client-certificate; no key is needed
  --collect                  print the certificate of each kubelet that signs its own, as the configuration takes it
                             (selfSignedCertificate), with fingerprints to compare on the machines (docs/doctor.md)
  --kubeconfig FILE          how to reach the cluster; default: KUBECONFIG, else ~/.kube/config
  --context NAME             a context of it; default: its current context
  --timeout SECONDS          for the whole run, 1 to 600; each node has at most ${callPatience} of them; default: 30
  --json                     print JSON (docs/doctor.md)
It only reads. exit code: 0 it works, and what is not verified is meant; 1 rejected, or with --collect
some kubelets were not seen; 2 bad input, or no cluster`;

/**
 * Reads the words after the command. `undefined` asks for help.
 *
 * @throws UsageError when an option is unknown, lacks its value or has a bad one
 */
export function readDoctorArguments(argv: readonly string[]): DoctorArguments | undefined {
  const values = parse(argv);
  if (values.help) return undefined;
  return {
    timeout: readTimeout(values.timeout),
    collect: values.collect ?? false,
    json: values.json ?? false,
    ...(values.kubeconfig !== undefined && { kubeconfig: values.kubeconfig }),
    ...(values.context !== undefined && { context: values.context }),
    ...(values["certificate-authority"] !== undefined && {
      certificateAuthority: certificatesIn(
        "--certificate-authority",
        values["certificate-authority"],
      ),
    }),
    ...(values["client-certificate"] !== undefined && {
      clientCertificate: certificatesIn("--client-certificate", values["client-certificate"]),
    }),
  };
}

function parse(argv: readonly string[]) {
  return inOneLine(() =>
    parseArgs({
      args: [...argv],
      strict: true,
      options: {
        kubeconfig: { type: "string" },
        context: { type: "string" },
        timeout: { type: "string" },
        "certificate-authority": { type: "string" },
        "client-certificate": { type: "string" },
        collect: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }),
  ).values;
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

/** Certificates alone: what else is in the file stays there. */
function certificatesIn(option: string, file: string): HandedInFile {
  const text = Buffer.from(contentOf(option, file)).toString("utf8");
  const certificates = pemBlocks(text).filter(
    ({ type, hasHeaders }) => type === "CERTIFICATE" && !hasHeaders,
  );
  if (certificates.length === 0) {
    throw new UsageError(
      `${option}: ${file} holds no certificate; give the PEM file of that name from a control plane`,
    );
  }
  return { file, text: encodePem(certificates) };
}
