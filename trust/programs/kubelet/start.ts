/**
 * Whether a kubelet starts, as far as its flags, its configuration and the files it reads decide: the first
 * refusal in the order in which the program gets to it.
 * Source: kubernetes `cmd/kubelet/app/server.go` (RunE, run), `auth.go` (BuildAuth).
 */
import { pemBlocks } from "../../certificates/pem.ts";
import { parseCertificate } from "../../certificates/x509.ts";
import { isUnspecified, sloppyIp } from "../../go/ip.ts";
import { aggregateText, commandFailed, listText, quote } from "../../go/texts.ts";
import type { Flags } from "../../kubernetes/flags.ts";
import { gatesError, isEnabled } from "../../kubernetes/gates.ts";
import type { KubeletTable } from "../../kubernetes/tables.ts";
import type { Fact } from "../../words/fact.ts";
import type { FileContent, HostFiles } from "../../words/facts.ts";
import type { Refusal, RefusalKind } from "../../words/refusal.ts";
import { earlyExit } from "../early-exit.ts";
import { builtInProvider, failed, fileRefusalKind, flagFailed, gateRefusal } from "../refusal.ts";
import { type ListenInputs, listenRefusal } from "./listen.ts";
import { halfPairError, readFileError, servedBy } from "./serving-certificate.ts";
import { knownValue, type Settings } from "./settings.ts";
import { validateConfiguration } from "./validate.ts";

export type StartInputs = ListenInputs & { readonly flags: Flags };

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

function flagRefusal({ flags, table }: StartInputs): Refusal | undefined {
  if (flags.error) {
    const { message, kind, flag, source } = flags.error;
    return failed(`failed to parse kubelet flag: ${message}`, kind, { flag }, source);
  }
  const [positional] = flags.positional;
  if (positional?.kind === "text") {
    return failed(
      `unknown command ${positional.text}`,
      "unexpected-argument",
      undefined,
      positional.source,
    );
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
    return gateRefusal(
      commandFailed(
        `failed to set feature gates from initial flags-based config: ${error.message}`,
      ),
      error,
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
  return flagFailed(
    flags,
    "node-labels",
    `failed to validate kubelet flags: unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: ${listText(refused)}\n--node-labels in the 'kubernetes.io' namespace must begin with an allowed prefix (${labels.namespaces.join(", ")}) or be in the specifically allowed set (${labels.names.join(", ")})`,
    "unknown-label",
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
    return gateRefusal(
      commandFailed(
        `failed to set feature gates from initial flags-based config: ${gates.message}`,
      ),
      gates,
      settings.sourceOf("featureGates"),
    );
  }
  const format = knownValue(settings, "logging.format");
  if (typeof format === "string" && format !== "text" && format !== "json") {
    return fieldFailed(
      settings,
      "logging.format",
      `initialize logging: logging.format: Invalid value: ${quote(format)}: Unsupported log format`,
    );
  }
  const splitStream = ["text", "json"].find(
    (one) => knownValue(settings, `logging.options.${one}.splitStream`) === true,
  );
  if (splitStream && !isEnabled("LoggingAlphaOptions", settings.gates, table.gates)) {
    return fieldFailed(
      settings,
      `logging.options.${splitStream}.splitStream`,
      `initialize logging: logging.options.${splitStream}.splitStream: Forbidden: Feature LoggingAlphaOptions is disabled`,
    );
  }
  const complaints = validateConfiguration({
    get: (field) => knownValue(settings, field),
    gates: settings.gates,
    table,
    cgroupV1: node.cgroupV1 ?? false,
  });
  const [first] = complaints;
  return (
    first &&
    fieldFailed(
      settings,
      first.field,
      `failed to validate kubelet configuration, error: ${aggregateText(complaints.map(({ message }) => message))}, ${noTypeMeta}`,
      first.kind,
    )
  );
}

function fieldFailed(
  settings: Settings,
  field: string,
  error: string,
  kind: RefusalKind = "invalid-value",
): Refusal {
  return failed(error, kind, { field }, settings.sourceOf(field));
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
    return flagFailed(
      flags,
      "hostname-override",
      `${prefix}empty hostname is invalid`,
      "no-host-name",
    );
  }
  const half = halfPairError(serving, files);
  if (half !== undefined) {
    return failed(prefix + half, "half-pair", { flag: "cert-dir" }, serving.certDirectory.source);
  }
  const suites = knownValue(settings, "tlsCipherSuites");
  const unknownSuite = (Array.isArray(suites) ? suites : []).find(
    (suite) => typeof suite === "string" && !table.tls.cipherSuites.includes(suite),
  );
  if (unknownSuite !== undefined) {
    return fieldFailed(
      settings,
      "tlsCipherSuites",
      `${prefix}Cipher suite ${unknownSuite} not supported or doesn't exist`,
    );
  }
  const version = knownValue(settings, "tlsMinVersion");
  if (typeof version === "string" && version !== "" && !table.tls.versions.includes(version)) {
    return fieldFailed(settings, "tlsMinVersion", `${prefix}unknown tls version ${quote(version)}`);
  }
  const clientCa = table.minor < 36 ? clientCaRefusal(settings, files, prefix) : undefined;
  if (clientCa) return clientCa;
  const curves = knownValue(settings, "tlsCurvePreferences");
  const unknownCurve = (Array.isArray(curves) ? curves : []).find(
    (curve) => typeof curve === "number" && !goCurves.includes(curve),
  );
  return unknownCurve === undefined
    ? undefined
    : fieldFailed(
        settings,
        "tlsCurvePreferences",
        `${prefix}curve preference ${unknownCurve} is not supported by the current Go version`,
      );
}

/** Before 1.36 the bundle was loaded here too, in the words of client-go's `util/cert` (NewPool). */
function clientCaRefusal(
  settings: Settings,
  files: HostFiles,
  prefix: string,
): Refusal | undefined {
  const field = "authentication.x509.clientCAFile";
  const path = knownValue(settings, field);
  if (typeof path !== "string" || path === "") return undefined;
  const file = files(path);
  if (!file.known) return undefined;
  const unread = readFileError(path, file.value);
  const parse = unread === undefined ? bundleError(file.value) : undefined;
  const error = unread ?? (parse && `error creating pool from ${path}: ${parse}`);
  return error === undefined
    ? undefined
    : fieldFailed(
        settings,
        field,
        `${prefix}unable to load client CA file ${path}: ${error}`,
        fileRefusalKind(file.value),
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
    nodeIpRefusal(inputs) ??
    cloudRefusal(inputs) ??
    certificateRefusal(inputs)
  );
}

/**
 * Source: kubernetes `pkg/kubelet/kubelet.go` (NewMainKubelet). Before 1.33 only known providers were refused, with a
 * list of them.
 */
function cloudRefusal({ flags, table }: StartInputs): Refusal | undefined {
  const provider = textFlag(flags, "cloud-provider") ?? "";
  return provider === "" || provider === "external" || table.minor < 33
    ? undefined
    : flagFailed(
        flags,
        "cloud-provider",
        `${runPrefix}failed to create kubelet: ${builtInProvider(provider)}`,
        "built-in-cloud-provider",
      );
}

/**
 * Two addresses must be of two families, and neither may stand for all.
 * Sources: kubernetes `cmd/kubelet/app/server.go` (RunKubelet), component-helpers `node/util/ips.go` (parseNodeIP).
 */
function nodeIpRefusal({ flags }: StartInputs): Refusal | undefined {
  const text = textFlag(flags, "node-ip") ?? "";
  const ips = text.split(",").flatMap((ip) => sloppyIp(ip.trim()) ?? []);
  const [first = "", second = ""] = ips;
  const isOneFamily = first.includes(":") === second.includes(":");
  const provider = textFlag(flags, "cloud-provider");
  const complaint =
    ips.length > 2 || (ips.length === 2 && isOneFamily)
      ? "must contain either a single IP or a dual-stack pair of IPs"
      : ips.length === 2 && provider !== undefined && provider !== "" && provider !== "external"
        ? "dual-stack not supported in this configuration"
        : ips.length === 2 && ips.some(isUnspecified)
          ? "dual-stack node IP cannot include '0.0.0.0' or '::'"
          : undefined;
  return complaint === undefined
    ? undefined
    : flagFailed(
        flags,
        "node-ip",
        `${runPrefix}bad --node-ip ${quote(text)}: ${complaint}`,
        "invalid-value",
      );
}

function textFlag(flags: Flags, name: string): string | undefined {
  const fact = flags.get(name);
  return fact.known ? (typeof fact.value === "string" ? fact.value : "") : undefined;
}

function clientRefusal({ flags, settings, files }: StartInputs): Refusal | undefined {
  if (emptyHostName(flags)) {
    return flagFailed(
      flags,
      "hostname-override",
      `${runPrefix}empty hostname is invalid`,
      "no-host-name",
    );
  }
  if (flags.get("exit-on-lock-contention").known && textFlag(flags, "lock-file") === "") {
    const exits = flags.get("exit-on-lock-contention");
    if (exits.known && exits.value === true) {
      return flagFailed(
        flags,
        "exit-on-lock-contention",
        `${runPrefix}cannot exit on lock file contention: no lock file specified`,
        "no-lock-file",
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
      ? flagFailed(
          flags,
          "bootstrap-kubeconfig",
          `${runPrefix}unable to load bootstrap kubeconfig: stat ${bootstrap}: no such file or directory`,
          "missing-file",
        )
      : undefined;
  }
  const rotates = knownValue(settings, "rotateCertificates") === true;
  return flagFailed(
    flags,
    "kubeconfig",
    `${runPrefix}${rotates ? "unable to load kubeconfig" : "invalid kubeconfig"}: stat ${kubeconfig}: no such file or directory`,
    "missing-file",
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
  const caFile = knownValue(settings, "authentication.x509.clientCAFile");
  const webhook = knownValue(settings, "authentication.webhook.enabled");
  if (typeof caFile === "string" && caFile !== "") {
    const error = caBundleError(caFile, files);
    const file = files(caFile);
    if (error !== undefined && file.known) {
      const kind = fileRefusalKind(file.value);
      return fieldFailed(settings, "authentication.x509.clientCAFile", runPrefix + error, kind);
    }
  }
  if (webhook === true && isStandalone(inputs)) {
    return fieldFailed(
      settings,
      "authentication.webhook.enabled",
      `${runPrefix}no client provided, cannot use webhook authentication`,
      "no-kubeconfig",
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
  const error = bundleError(file.value);
  return error === undefined ? undefined : `error loading CA bundle for ${name}: ${error}`;
}

/** client-go's `util/cert` (ParseCertsPEM): what is wrong with a bundle. */
function bundleError(content: FileContent): string | undefined {
  if (content.kind !== "text") return undefined;
  const parsed = pemBlocks(content.text)
    .filter((block) => block.type === "CERTIFICATE" && !block.hasHeaders)
    .map((block) => parseCertificate(block.der));
  const bad = parsed.find((one) => one.certificate === undefined);
  if (bad?.certificate === undefined && bad !== undefined) return bad.error;
  return parsed.length === 0
    ? "data does not contain any valid RSA or ECDSA certificates"
    : undefined;
}

function authorizationRefusal(inputs: StartInputs): Refusal | undefined {
  const { settings } = inputs;
  const mode = knownValue(settings, "authorization.mode");
  if (typeof mode !== "string" || mode === "AlwaysAllow") {
    return undefined;
  }
  if (mode === "Webhook") {
    return isStandalone(inputs)
      ? fieldFailed(
          settings,
          "authorization.mode",
          `${runPrefix}no client provided, cannot use webhook authorization`,
          "no-kubeconfig",
        )
      : undefined;
  }
  return fieldFailed(
    settings,
    "authorization.mode",
    runPrefix +
      (mode === "" ? "no authorization mode specified" : `unknown authorization mode ${mode}`),
    "unknown-mode",
  );
}

function runtimeRefusal({ settings, files }: StartInputs): Refusal | undefined {
  const endpoint = knownValue(settings, "containerRuntimeEndpoint");
  const path = typeof endpoint === "string" ? /^unix:\/\/(.+)$/.exec(endpoint)?.[1] : undefined;
  if (path === undefined || !isMissing(files, path)) {
    return undefined;
  }
  return fieldFailed(
    settings,
    "containerRuntimeEndpoint",
    `${runPrefix}validate service connection: validate CRI v1 runtime API for endpoint ${quote(String(endpoint))}: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix ${path}: connect: no such file or directory"`,
    "missing-file",
  );
}

function certificateRefusal({
  serving,
  node,
  files,
  reloads,
  at,
  settings,
  table,
}: StartInputs): Refusal | undefined {
  const served = servedBy({ serving, node, files, reloads, at });
  // Before 1.36 a pair that is not reloaded was read as the server began: listenRefusal.
  return served.known &&
    served.value.kind === "refuses" &&
    (table.minor >= 36 || served.value.loaded !== "once")
    ? fieldFailed(
        settings,
        "tlsCertFile",
        `${runPrefix}failed to create kubelet: ${served.value.error}`,
        served.value.fault,
      )
    : undefined;
}
