/**
 * Whether a kubelet starts, as far as its flags, its configuration and the files it reads decide: the first
 * refusal in the order in which the program gets to it.
 * Source: kubernetes `cmd/kubelet/app/server.go` (RunE, run), `auth.go` (BuildAuth).
 */
import { isIP } from "node:net";
import { pemBlocks } from "../../certificates/pem.ts";
import { parseCertificate } from "../../certificates/x509.ts";
import { aggregateText, commandFailed, listText, quote } from "../../go/texts.ts";
import type { Flags } from "../../kubernetes/flags.ts";
import { gatesError, isEnabled } from "../../kubernetes/gates.ts";
import type { KubeletTable } from "../../kubernetes/tables.ts";
import type { Json } from "../../readers/yaml.ts";
import type { Fact, Source } from "../../words/fact.ts";
import type { HostFiles, KubeletServing, NodeFacts } from "../../words/facts.ts";
import { earlyExit } from "../early-exit.ts";
import { halfPairError, readFileError, servedBy } from "./serving-certificate.ts";
import type { Refusal, Settings } from "./settings.ts";
import { validateConfiguration } from "./validate.ts";

export type StartInputs = {
  readonly flags: Flags;
  readonly settings: Settings;
  readonly table: KubeletTable;
  readonly serving: KubeletServing;
  readonly node: NodeFacts;
  readonly files: HostFiles;
  readonly reloads: boolean;
  readonly at: Date;
};

/** The first refusal; undefined when nothing that is known stops the kubelet. */
export function kubeletRefusal(inputs: StartInputs): Refusal | undefined {
  return (
    flagRefusal(inputs) ??
    inputs.settings.refusal ??
    configurationRefusal(inputs) ??
    dependenciesRefusal(inputs) ??
    runRefusal(inputs) ??
    listenRefusal(inputs)
  );
}

function failed(error: string, source?: Source): Refusal {
  return { message: commandFailed(error), ...(source && { source }) };
}

function flagRefusal({ flags, table }: StartInputs): Refusal | undefined {
  if (flags.error) {
    return failed(`failed to parse kubelet flag: ${flags.error.message}`, flags.error.source);
  }
  const [positional] = flags.positional;
  if (positional?.kind === "text") {
    return failed(`unknown command ${positional.text}`, positional.source);
  }
  const exit = earlyExit(flags);
  if (exit) return exit;
  const gates = flags.get("feature-gates");
  const settings = gates.known && gates.value instanceof Map ? gates.value : new Map();
  const error = gatesError(
    Object.fromEntries([...settings].map(([name, text]) => [name, text === "true"])),
    table.gates,
  );
  if (error !== undefined) {
    return failed(
      `failed to set feature gates from initial flags-based config: ${error}`,
      flags.sourceOf("feature-gates"),
    );
  }
  return labelRefusal(flags, table);
}

/** ValidateKubeletFlags: a kubelet may label itself with some kubernetes.io labels alone. */
function labelRefusal(flags: Flags, { labels }: KubeletTable): Refusal | undefined {
  const value = flags.get("node-labels");
  const given = value.known && value.value instanceof Map ? [...value.value.keys()] : [];
  const refused = given
    .filter((key) => isKubernetesLabel(key) && !isKubeletLabel(key, labels))
    .sort();
  if (refused.length === 0) {
    return undefined;
  }
  return failed(
    `failed to validate kubelet flags: unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: ${listText(refused)}\n--node-labels in the 'kubernetes.io' namespace must begin with an allowed prefix (${labels.namespaces.join(", ")}) or be in the specifically allowed set (${labels.names.join(", ")})`,
    flags.sourceOf("node-labels"),
  );
}

function namespaceOf(label: string): string {
  return label.includes("/") ? (label.split("/")[0] ?? "") : "";
}

function isKubernetesLabel(label: string): boolean {
  return /(^|\.)(kubernetes|k8s)\.io$/.test(namespaceOf(label));
}

function isKubeletLabel(label: string, { names, namespaces }: KubeletTable["labels"]): boolean {
  const namespace = namespaceOf(label);
  return (
    names.includes(label) ||
    namespaces.some((one) => namespace === one || namespace.endsWith(`.${one}`))
  );
}

const noTypeMeta = "path: &TypeMeta{Kind:,APIVersion:,}";

function configurationRefusal({ settings, table, node }: StartInputs): Refusal | undefined {
  const gates = gatesError(settings.gates, table.gates);
  if (gates !== undefined) {
    return failed(
      `failed to set feature gates from initial flags-based config: ${gates}`,
      settings.sourceOf("featureGates"),
    );
  }
  const format = value(settings, "logging.format");
  if (typeof format === "string" && format !== "text" && format !== "json") {
    return failed(
      `initialize logging: logging.format: Invalid value: ${quote(format)}: Unsupported log format`,
      settings.sourceOf("logging.format"),
    );
  }
  const splitStream = ["text", "json"].find(
    (one) => value(settings, `logging.options.${one}.splitStream`) === true,
  );
  if (splitStream && !isEnabled("LoggingAlphaOptions", settings.gates, table.gates)) {
    return failed(
      `initialize logging: logging.options.${splitStream}.splitStream: Forbidden: Feature LoggingAlphaOptions is disabled`,
      settings.sourceOf(`logging.options.${splitStream}.splitStream`),
    );
  }
  const complaints = validateConfiguration({
    get: (field) => value(settings, field),
    gates: settings.gates,
    table,
    cgroupV1: node.cgroupV1 ?? false,
  });
  const [first] = complaints;
  return (
    first &&
    failed(
      `failed to validate kubelet configuration, error: ${aggregateText(complaints.map(({ message }) => message))}, ${noTypeMeta}`,
      settings.sourceOf(first.field),
    )
  );
}

function value(settings: Settings, field: string): Json | undefined {
  const fact = settings.get(field);
  return fact.known ? fact.value : undefined;
}

/** InitializeTLS. */
function dependenciesRefusal({
  flags,
  settings,
  table,
  serving,
  files,
}: StartInputs): Refusal | undefined {
  const prefix = "failed to construct kubelet dependencies: ";
  const noName = emptyHostName(flags);
  if (noName && valueIs(serving.serverTLSBootstrap, false) && valueIs(serving.tlsCertFile, "")) {
    return failed(`${prefix}empty hostname is invalid`, flags.sourceOf("hostname-override"));
  }
  const half = halfPairError(serving, files);
  if (half !== undefined) {
    return failed(prefix + half, serving.certDirectory.source);
  }
  const suites = value(settings, "tlsCipherSuites");
  const unknownSuite = (Array.isArray(suites) ? suites : []).find(
    (suite) => typeof suite === "string" && !table.tls.cipherSuites.includes(suite),
  );
  if (unknownSuite !== undefined) {
    return failed(
      `${prefix}Cipher suite ${unknownSuite} not supported or doesn't exist`,
      settings.sourceOf("tlsCipherSuites"),
    );
  }
  const version = value(settings, "tlsMinVersion");
  if (typeof version === "string" && version !== "" && !table.tls.versions.includes(version)) {
    return failed(
      `${prefix}unknown tls version ${quote(version)}`,
      settings.sourceOf("tlsMinVersion"),
    );
  }
  const curves = value(settings, "tlsCurvePreferences");
  const unknownCurve = (Array.isArray(curves) ? curves : []).find(
    (curve) => typeof curve === "number" && !goCurves.includes(curve),
  );
  return unknownCurve === undefined
    ? undefined
    : failed(
        `${prefix}curve preference ${unknownCurve} is not supported by the current Go version`,
        settings.sourceOf("tlsCurvePreferences"),
      );
}

/** Curves of Go's crypto/tls by their number: P-256, P-384, P-521, X25519 and three hybrids with ML-KEM. */
const goCurves = [23, 24, 25, 29, 4587, 4588, 4589];

/** An override of blanks is trimmed to nothing. */
function emptyHostName(flags: Flags): boolean {
  const override = textFlag(flags, "hostname-override");
  return override !== undefined && override !== "" && override.trim() === "";
}

function valueIs<T>(fact: Fact<T>, expected: T): boolean {
  return fact.known && fact.value === expected;
}

const runPrefix = "failed to run Kubelet: ";

function runRefusal(inputs: StartInputs): Refusal | undefined {
  return (
    clientRefusal(inputs) ??
    authenticationRefusal(inputs) ??
    authorizationRefusal(inputs) ??
    runtimeRefusal(inputs) ??
    certificateRefusal(inputs)
  );
}

function textFlag(flags: Flags, name: string): string | undefined {
  const fact = flags.get(name);
  return fact.known ? (typeof fact.value === "string" ? fact.value : "") : undefined;
}

function clientRefusal({ flags, settings, files }: StartInputs): Refusal | undefined {
  if (emptyHostName(flags)) {
    return failed(`${runPrefix}empty hostname is invalid`, flags.sourceOf("hostname-override"));
  }
  if (flags.get("exit-on-lock-contention").known && textFlag(flags, "lock-file") === "") {
    const exits = flags.get("exit-on-lock-contention");
    if (exits.known && exits.value === true) {
      return failed(
        `${runPrefix}cannot exit on lock file contention: no lock file specified`,
        flags.sourceOf("exit-on-lock-contention"),
      );
    }
  }
  const kubeconfig = textFlag(flags, "kubeconfig");
  const bootstrap = textFlag(flags, "bootstrap-kubeconfig");
  if (!kubeconfig || bootstrap === undefined || isUsable(files, kubeconfig, bootstrap !== "")) {
    return undefined;
  }
  if (bootstrap !== "") {
    return isMissing(files, bootstrap)
      ? failed(
          `${runPrefix}unable to load bootstrap kubeconfig: stat ${bootstrap}: no such file or directory`,
          flags.sourceOf("bootstrap-kubeconfig"),
        )
      : undefined;
  }
  const rotates = value(settings, "rotateCertificates") === true;
  return failed(
    `${runPrefix}${rotates ? "unable to load kubeconfig" : "invalid kubeconfig"}: stat ${kubeconfig}: no such file or directory`,
    flags.sourceOf("kubeconfig"),
  );
}

/** A kubeconfig that is there; beside a bootstrap kubeconfig it must hold a client certificate too. */
function isUsable(files: HostFiles, path: string, hasBootstrap: boolean): boolean {
  const file = files(path);
  if (!file.known || file.value.kind !== "text") {
    return !isMissing(files, path);
  }
  return !hasBootstrap || file.value.text.includes("client-certificate");
}

function isMissing(files: HostFiles, path: string): boolean {
  const file = files(path);
  return file.known && file.value.kind === "missing";
}

function isStandalone({ flags }: StartInputs): boolean {
  return textFlag(flags, "kubeconfig") === "";
}

function authenticationRefusal(inputs: StartInputs): Refusal | undefined {
  const { settings, files } = inputs;
  const caFile = value(settings, "authentication.x509.clientCAFile");
  const webhook = value(settings, "authentication.webhook.enabled");
  if (typeof caFile === "string" && caFile !== "") {
    const error = caBundleError(caFile, files);
    if (error !== undefined) {
      return failed(runPrefix + error, settings.sourceOf("authentication.x509.clientCAFile"));
    }
  }
  if (webhook === true && isStandalone(inputs)) {
    return failed(
      `${runPrefix}no client provided, cannot use webhook authentication`,
      settings.sourceOf("authentication.webhook.enabled"),
    );
  }
  return undefined;
}

/** DynamicFileCAContent: why a bundle cannot be loaded. */
function caBundleError(path: string, files: HostFiles): string | undefined {
  const file = files(path);
  if (!file.known) {
    return undefined;
  }
  const unread = readFileError(path, file.value);
  if (unread !== undefined || file.value.kind !== "text") {
    return unread;
  }
  const name = quote(`client-ca-bundle::${path}`);
  if (file.value.text === "") {
    return `missing content for CA bundle ${name}`;
  }
  const blocks = pemBlocks(file.value.text).filter(
    (block) => block.type === "CERTIFICATE" && !block.hasHeaders,
  );
  const parsed = blocks.map((block) => parseCertificate(block.der));
  const bad = parsed.find((one) => one.certificate === undefined);
  if (bad?.certificate === undefined && bad !== undefined) {
    return `error loading CA bundle for ${name}: ${bad.error}`;
  }
  return parsed.length === 0
    ? `error loading CA bundle for ${name}: data does not contain any valid RSA or ECDSA certificates`
    : undefined;
}

function authorizationRefusal(inputs: StartInputs): Refusal | undefined {
  const { settings } = inputs;
  const mode = value(settings, "authorization.mode");
  const source = settings.sourceOf("authorization.mode");
  if (typeof mode !== "string" || mode === "AlwaysAllow") {
    return undefined;
  }
  if (mode === "Webhook") {
    return isStandalone(inputs)
      ? failed(`${runPrefix}no client provided, cannot use webhook authorization`, source)
      : undefined;
  }
  return failed(
    runPrefix +
      (mode === "" ? "no authorization mode specified" : `unknown authorization mode ${mode}`),
    source,
  );
}

function runtimeRefusal({ settings, files }: StartInputs): Refusal | undefined {
  const endpoint = value(settings, "containerRuntimeEndpoint");
  const path = typeof endpoint === "string" ? /^unix:\/\/(.+)$/.exec(endpoint)?.[1] : undefined;
  if (path === undefined || !isMissing(files, path)) {
    return undefined;
  }
  return failed(
    `${runPrefix}validate service connection: validate CRI v1 runtime API for endpoint ${quote(String(endpoint))}: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix ${path}: connect: no such file or directory"`,
    settings.sourceOf("containerRuntimeEndpoint"),
  );
}

function certificateRefusal({
  serving,
  node,
  files,
  reloads,
  at,
  settings,
}: StartInputs): Refusal | undefined {
  const served = servedBy({ serving, node, files, reloads, at });
  return served.known && served.value.kind === "refuses"
    ? failed(
        `${runPrefix}failed to create kubelet: ${served.value.error}`,
        settings.sourceOf("tlsCertFile"),
      )
    : undefined;
}

function listenRefusal({ settings }: StartInputs): Refusal | undefined {
  const address = value(settings, "address");
  if (
    value(settings, "enableServer") === false ||
    typeof address !== "string" ||
    isIP(address) !== 0
  ) {
    return undefined;
  }
  const source = settings.sourceOf("address");
  return {
    message: `server.go:212] "Failed to listen and serve" err="listen tcp: lookup <nil>: no such host"`,
    ...(source && { source }),
  };
}
