/**
 * Whether a kube-apiserver starts, as far as its flags and the files for kubelets decide.
 * Sources: kubernetes `cmd/kube-apiserver/app/server.go`; client-go `transport/transport.go` (TLSConfigFor).
 */
import { pemBlocks } from "../../certificates/pem.ts";
import { parseCertificate } from "../../certificates/x509.ts";
import { commandFailed, quote } from "../../go/texts.ts";
import type { Flags } from "../../kubernetes/flags.ts";
import { gatesError } from "../../kubernetes/gates.ts";
import type { ProgramTable } from "../../kubernetes/tables.ts";
import type { ApiServerKubeletAccess, HostFiles } from "../../words/facts.ts";
import type { Refusal } from "../../words/refusal.ts";
import { earlyExit } from "../early-exit.ts";
import { readFileError } from "../kubelet/serving-certificate.ts";
import {
  failed,
  fileRefusalKind,
  flagFailed,
  gateRefusal,
  type OptionComplaint,
  optionsFailed,
  refusal,
} from "../refusal.ts";
import { admissionComplaints } from "./admission.ts";

export type ApiServerStartInputs = {
  readonly flags: Flags;
  readonly table: ProgramTable;
  /** Kubernetes version, without the `v`. */
  readonly version: string;
  readonly access: ApiServerKubeletAccess;
  readonly files: HostFiles;
};

/** The first refusal; undefined when nothing that is known stops it. */
export function apiServerRefusal(inputs: ApiServerStartInputs): Refusal | undefined {
  return (
    commandLineRefusal("kube-apiserver", inputs.flags) ??
    gatesRefusal(inputs.flags, inputs.table) ??
    optionsFailed(inputs.flags, [
      ...authorizationComplaints(inputs.flags),
      ...admissionComplaints(inputs.flags, inputs.version),
    ]) ??
    kubeletClientRefusal(inputs)
  );
}

/** What cobra refuses before the program begins: it prints plain text. */
export function commandLineRefusal(program: string, flags: Flags): Refusal | undefined {
  if (flags.error) {
    const { message, kind, flag, source } = flags.error;
    return refusal(`Error: ${message}`, kind, { flag }, source);
  }
  const exit = earlyExit(flags);
  if (exit) return exit;
  const words = flags.positional.flatMap((word) => (word.kind === "text" ? [word] : []));
  const [first] = words.filter((word) => word.text !== "");
  return (
    first &&
    refusal(
      `Error: ${quote(program)} does not take any arguments, got [${words.map((word) => quote(word.text)).join(" ")}]`,
      "unexpected-argument",
      undefined,
      first.source,
    )
  );
}

/** `--feature-gates` of programs with several components: `Gate=true`, or `kube:Gate=true`. */
export function gatesRefusal(flags: Flags, table: ProgramTable): Refusal | undefined {
  const value = flags.get("feature-gates");
  const source = flags.sourceOf("feature-gates");
  if (!value.known || value.value === undefined) {
    return undefined;
  }
  const bad = (error: string) => flagFailed(flags, "feature-gates", error, "bad-gate-value");
  const settings: Record<string, boolean> = {};
  const pairs =
    value.value instanceof Map
      ? [...value.value].map((pair) => pair.join("="))
      : String(value.value).split(",");
  for (const pair of pairs.filter((one) => one.trim() !== "")) {
    const [name = "", text] = pair
      .trim()
      .replace(/^kube:/, "")
      .split("=");
    if (text === undefined) {
      return bad(`missing bool value for ${name}`);
    }
    if (!/^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(text)) {
      return bad(
        `invalid value of ${name}=${text}, err: strconv.ParseBool: parsing ${quote(text)}: invalid syntax`,
      );
    }
    settings[name] = /^(1|t|T|TRUE|true|True)$/.test(text);
  }
  const error = gatesError(settings, table.gates);
  return error && gateRefusal(commandFailed(error.message), error, source);
}

const authorizationModes = ["AlwaysAllow", "AlwaysDeny", "ABAC", "Webhook", "RBAC", "Node"];

/** Source: kubernetes `pkg/kubeapiserver/options/authorization.go` (Validate). */
function authorizationComplaints(flags: Flags): OptionComplaint[] {
  const modes = flags.get("authorization-mode");
  const given = modes.known && Array.isArray(modes.value) ? modes.value : [];
  const flag = "authorization-mode";
  const complaints = given
    .filter((mode: string) => !authorizationModes.includes(mode))
    .map(
      (mode: string): OptionComplaint => ({
        flag,
        error: `authorization-mode ${quote(mode)} is not a valid mode`,
        kind: "unknown-mode",
      }),
    );
  return new Set(given).size === given.length
    ? complaints
    : [
        ...complaints,
        {
          flag,
          error: `authorization-mode [${given.map(quote).join(" ")}] has mode specified more than once`,
          kind: "invalid-value",
        },
      ];
}

/** The client for kubelets is made with the core API group; all files are read first, then the CA is parsed. */
function kubeletClientRefusal({ access, files }: ApiServerStartInputs): Refusal | undefined {
  const prefix = 'problem initializing API group "": ';
  const named = {
    "kubelet-certificate-authority": access.certificateAuthority,
    "kubelet-client-certificate": access.clientCertificate,
    "kubelet-client-key": access.clientKey,
  };
  for (const [flag, path] of Object.entries(named)) {
    if (!path.known || path.value === "") {
      continue;
    }
    const file = files(path.value);
    const error = file.known ? readFileError(path.value, file.value) : undefined;
    if (error !== undefined && file.known) {
      return failed(prefix + error, fileRefusalKind(file.value), { flag }, path.source);
    }
  }
  const { certificateAuthority } = access;
  if (!certificateAuthority.known || certificateAuthority.value === "") {
    return undefined;
  }
  const file = files(certificateAuthority.value);
  const error = file.known && file.value.kind === "text" ? rootsError(file.value.text) : undefined;
  return error === undefined
    ? undefined
    : failed(
        `${prefix}unable to load root certificates: ${error}`,
        "malformed-file",
        { flag: "kubelet-certificate-authority" },
        certificateAuthority.source,
      );
}

/** An empty file is an empty pool, against which nothing verifies; anything else needs one certificate at least. */
function rootsError(text: string): string | undefined {
  if (text === "") {
    return undefined;
  }
  const blocks = pemBlocks(text);
  const certificates = blocks.filter(
    ({ type, hasHeaders }) => type === "CERTIFICATE" && !hasHeaders,
  );
  const parsed = certificates.map(({ der }) => parseCertificate(der));
  if (parsed.some(({ certificate }) => certificate !== undefined)) {
    return undefined;
  }
  const bad = parsed.find((one) => one.certificate === undefined);
  if (bad && bad.certificate === undefined) {
    return `failed to parse certificate: ${bad.error}`;
  }
  return endsInJunk(text)
    ? "unable to parse bytes as PEM block"
    : "no valid certificate authority data seen";
}

/** Go complains about bytes that are no block only where they are not at the end of the last one. */
function endsInJunk(text: string): boolean {
  const end = text.lastIndexOf("-----END ");
  const rest = end < 0 ? text : text.slice(text.indexOf("\n", end) + 1 || text.length);
  return rest !== "";
}
