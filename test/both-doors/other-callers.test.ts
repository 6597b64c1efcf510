/** Programs beside metrics-server and Prometheus that call kubelets: each verifies or is told of, in both doors. */
import assert from "node:assert/strict";
import { configMap, resource } from "../policies/fake.ts";
import { judged, packSays } from "./both-doors.ts";

const token = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const ca = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

type Shape = Record<string, unknown> | readonly [file: string, text: string];

const object = (apiVersion: string, kind: string, spec: object) => ({
  apiVersion,
  kind,
  metadata: { name: "kubelet", namespace: "monitoring" },
  spec,
});
const victoria = (kind: string, spec: object) =>
  object("operator.victoriametrics.com/v1beta1", kind, spec);
const release = (chart: string, values: object) =>
  object("helm.toolkit.fluxcd.io/v2", "HelmRelease", { chart: { spec: { chart } }, values });
const tls = (skip: unknown) => ({
  scheme: "https",
  tlsConfig: { insecureSkipVerify: skip, caFile: ca },
  bearerTokenFile: token,
});
const job = (skip: unknown, more: object = { kubernetes_sd_configs: [{ role: "node" }] }) => ({
  job_name: "nodes",
  scheme: "https",
  tls_config: { insecure_skip_verify: skip, ca_file: ca },
  bearer_token_file: token,
  ...more,
});
const receiver = (skip: unknown, more: object = {}) => ({
  kubeletstats: {
    auth_type: "serviceAccount",
    endpoint: `https://\${env:K8S_NODE_IP}:10250`,
    insecure_skip_verify: skip,
    ...more,
  },
});
const datadog = (value: unknown, more: readonly object[] = []) =>
  object("apps/v1", "DaemonSet", {
    template: {
      spec: {
        containers: [
          {
            name: "agent",
            image: "gcr.io/datadoghq/agent:7.60.0",
            env: [{ name: "DD_KUBELET_TLS_VERIFY", value }, ...more],
          },
        ],
      },
    },
  });
const alloy = (skip: unknown, targets = "discovery.kubernetes.nodes.targets", more = "") => `
discovery.kubernetes "nodes" {
  role = "node" // a { comment }
}
${more}
prometheus.scrape "kubelet" {
  targets = ${targets}
  scheme  = "https"
  bearer_token_file = "${token}"
  tls_config {
    ca_file = "${ca}"
    insecure_skip_verify = ${skip}
  }
}
`;
const relabel = (replacement: string) => `discovery.relabel "r" {
  targets = discovery.kubernetes.nodes.targets
  rule {
    target_label = "__address__"
    replacement  = "${replacement}"
  }
}`;

/** Each told whether it is to skip; one way to say it, and another. */
const shapes: Readonly<Record<string, (skip: unknown) => Shape>> = {
  VMNodeScrape: (skip) => victoria("VMNodeScrape", tls(skip)),
  VMServiceScrape: (skip) =>
    victoria("VMServiceScrape", { endpoints: [{ port: "https-metrics", ...tls(skip) }] }),
  VMScrapeConfig: (skip) =>
    victoria("VMScrapeConfig", { kubernetesSDConfigs: [{ role: "node" }], ...tls(skip) }),
  "a job in VMAgent": (skip) =>
    victoria("VMAgent", { inlineScrapeConfig: JSON.stringify([job(skip)]) }),
  "victoria-metrics-k8s-stack": (skip) =>
    release("victoria-metrics-k8s-stack", {
      kubelet: { vmScrape: { spec: { tlsConfig: { insecureSkipVerify: skip } } } },
    }),
  "kubeletstats in a ConfigMap": (skip) => [
    "relay.yaml",
    JSON.stringify({ receivers: receiver(skip), service: {} }),
  ],
  "kubeletstats in an OpenTelemetryCollector": (skip) =>
    object("opentelemetry.io/v1beta1", "OpenTelemetryCollector", {
      config: { receivers: receiver(skip) },
    }),
  "kubeletstats in a text": (skip) =>
    object("opentelemetry.io/v1alpha1", "OpenTelemetryCollector", {
      config: JSON.stringify({ receivers: receiver(skip) }),
    }),
  "kubeletstats in a chart's values": (skip) =>
    release("opentelemetry-collector", { config: { receivers: receiver(skip) } }),
  "OpenTelemetry's prometheus receiver": (skip) =>
    object("opentelemetry.io/v1beta1", "OpenTelemetryCollector", {
      config: { receivers: { prometheus: { config: { scrape_configs: [job(skip)] } } } },
    }),
  "Grafana Agent's static mode": (skip) => [
    "agent.yaml",
    JSON.stringify({ metrics: { configs: [{ name: "a", scrape_configs: [job(skip)] }] } }),
  ],
  "kube-prometheus-stack's additionalScrapeConfigs": (skip) =>
    release("kube-prometheus-stack", {
      kubelet: { enabled: false },
      prometheus: { prometheusSpec: { additionalScrapeConfigs: [job(skip)] } },
    }),
  "the endpoints of the kubelets' Service": (skip) => [
    "prometheus.yml",
    JSON.stringify({
      scrape_configs: [
        job(skip, {
          kubernetes_sd_configs: [{ role: "endpoints" }],
          relabel_configs: [
            {
              source_labels: ["__meta_kubernetes_service_name"],
              regex: "kubelet",
              action: "keep",
            },
          ],
        }),
      ],
    }),
  ],
  "kubelets by their addresses": (skip) => [
    "prometheus.yml",
    JSON.stringify({
      scrape_configs: [job(skip, { static_configs: [{ targets: ["10.0.0.5:10250"] }] })],
    }),
  ],
  "Datadog's agent": (skip) => datadog(typeof skip === "boolean" ? String(!skip) : skip),
  DatadogAgent: (skip) =>
    object("datadoghq.com/v2alpha1", "DatadogAgent", {
      global: { kubelet: { tlsVerify: typeof skip === "boolean" ? !skip : skip } },
    }),
  "Datadog's chart": (skip) =>
    release("datadog", {
      datadog: { kubelet: { tlsVerify: typeof skip === "boolean" ? !skip : skip } },
    }),
  "Fluent Bit's filter": (skip) => [
    "fluent-bit.conf",
    `[FILTER]\n    Name kubernetes\n    Use_Kubelet On\n    tls.verify ${typeof skip === "boolean" ? (skip ? "Off" : "On") : skip}\n[OUTPUT]\n    Name stdout\n`,
  ],
  "Fluent Bit's filter in YAML": (skip) => [
    "fluent-bit.yaml",
    JSON.stringify({
      pipeline: {
        filters: [
          {
            name: "kubernetes",
            match: "kube.*",
            use_kubelet: true,
            "tls.verify": typeof skip === "boolean" ? !skip : skip,
          },
        ],
      },
    }),
  ],
  Telegraf: (skip) => [
    "telegraf.conf",
    `[[inputs.kubernetes]]\n  url = "https://$HOSTIP:10250"\n  tls_ca = "${ca}"\n  insecure_skip_verify = ${typeof skip === "boolean" ? skip : JSON.stringify(skip)}\n`,
  ],
  "Telegraf's prometheus": (skip) => [
    "telegraf.conf",
    `[[inputs.prometheus]]\n  urls = ["https://$HOSTIP:10250/metrics"]\n  tls_ca = "${ca}"\n  insecure_skip_verify = ${typeof skip === "boolean" ? skip : JSON.stringify(skip)}\n`,
  ],
  Metricbeat: (skip) => [
    "kubernetes.yml",
    JSON.stringify([
      {
        module: "kubernetes",
        metricsets: ["node"],
        hosts: [`https://\${NODE_NAME}:10250`],
        "ssl.verification_mode": typeof skip === "boolean" ? (skip ? "none" : "full") : skip,
        "ssl.certificate_authorities": [ca],
      },
    ]),
  ],
  "Grafana Alloy": (skip) => ["config.alloy", alloy(skip)],
  "Grafana Alloy by way of a relabel": (skip) => [
    "config.alloy",
    alloy(skip, "discovery.relabel.r.output", relabel("x")),
  ],
};

function said(shape: Shape) {
  const isText = Array.isArray(shape);
  const [file, text] = isText ? (shape as [string, string]) : ["o.json", JSON.stringify(shape)];
  const { apiVersion, kind } = shape as Record<string, string>;
  const sent = packSays(
    isText
      ? configMap("files", { [file]: text })
      : resource(`kubernetes:${apiVersion}:${kind}`, "x", shape as Record<string, unknown>),
  );
  const { exitCode, stdout } = judged({ [`other/${file}`]: text });
  return { pack: sent.map(({ message }) => message).join("\n"), exitCode, stdout };
}

describe("another caller of kubelets", () => {
  for (const [name, shape] of Object.entries(shapes)) {
    it(`is told of where it verifies nothing, and passed where it does: ${name}`, () => {
      const silent = said(shape(true));
      for (const text of [silent.pack, silent.stdout]) {
        assert.match(text, /does not verify the kubelet's serving certificate/);
      }
      assert.equal(silent.exitCode, 1);
      const verifying = said(shape(false));
      assert.equal(verifying.pack, "");
      assert.equal(verifying.exitCode, 0, verifying.stdout);
      assert.match(verifying.stdout, /: verified/);
    });
  }

  it("is undecidable where it is not known whether it verifies", () => {
    for (const [name, shape] of Object.entries(shapes)) {
      const isAlloy = name.startsWith("Grafana Alloy");
      const { pack, exitCode } = said(shape(isAlloy ? 'env("SKIP") == "1"' : "{{ .skip }}"));
      assert.match(pack, /nobody can tell whether|Undecidable/, name);
      assert.equal(exitCode, 1, name);
    }
  });

  it("is judged by the address that it asks", () => {
    const selfSigned = (endpoint: string) =>
      judged({
        "worker/kubelet-config.yaml":
          "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n",
        "relay.json": JSON.stringify({ receivers: receiver(false, { endpoint }) }),
      }).stdout;
    assert.match(selfSigned(`\${env:K8S_NODE_IP}:10250`), /doesn't contain any IP SANs/);
    assert.match(
      selfSigned(`https://\${env:K8S_NODE_NAME}:10250`),
      /receiver kubeletstats.*\n.*signed by unknown authority/,
    );
    assert.match(
      selfSigned("https://kubelets.example:10250"),
      /the address of kubelets that receiver/,
    );
  });

  it("is none where another program or port is asked, or kube-apiserver", () => {
    const none: readonly Shape[] = [
      victoria("VMNodeScrape", { ...tls(true), port: "9100" }),
      victoria("VMNodeScrape", { ...tls(true), scheme: "http" }),
      release("victoria-metrics-k8s-stack", { kubelet: { enabled: false } }),
      object("opentelemetry.io/v1beta1", "OpenTelemetryCollector", {
        config: {
          receivers: {
            ...receiver(true, { auth_type: "kubeConfig" }),
            "kubeletstats/plain": { auth_type: "none", endpoint: `http://\${NODE}:10255` },
          },
        },
      }),
      [
        "prometheus.yml",
        JSON.stringify({
          scrape_configs: [
            job(true, {
              kubernetes_sd_configs: [{ role: "node" }],
              relabel_configs: [{ target_label: "__address__", replacement: `\${1}:9100` }],
            }),
            job(true, { static_configs: [{ targets: ["10.0.0.5:9100"] }] }),
            job(true, { kubernetes_sd_configs: [{ role: "endpoints" }] }),
          ],
        }),
      ],
      datadog("false", [{ name: "DD_EKS_FARGATE", value: "true" }]),
      [
        "config.alloy",
        alloy(true, "discovery.relabel.r.output", relabel("kubernetes.default.svc:443")),
      ],
      ["config.alloy", alloy(true, "discovery.kubernetes.pods.targets")],
      ["fluent-bit.conf", "[FILTER]\n    Name kubernetes\n    tls.verify Off\n"],
      [
        "telegraf.conf",
        '[[inputs.prometheus]]\n  urls = ["https://a:9100"]\n  insecure_skip_verify = true\n',
      ],
    ];
    for (const shape of none) {
      const { pack, exitCode, stdout } = said(shape);
      assert.equal(pack, "", JSON.stringify(shape));
      assert.equal(exitCode, 0, stdout);
    }
  });

  it("is named as not read where only kubelets' port tells that it calls them", () => {
    for (const [file, text] of [
      ["vector.conf", 'endpoint = "https://$HOSTIP:10250/metrics"\nverify_certificate = false\n'],
      ["scraper.yaml", `url: "https://\${NODE_NAME}:10250"\ntls: off\n`],
    ] as const) {
      const { pack, exitCode, stdout } = said([file, text]);
      assert.match(pack, /it speaks of kubelets, is not read/, file);
      assert.match(stdout, /not read/);
      assert.equal(exitCode, 0, stdout);
    }
  });

  it("is named as not read where a container's words or variables have kubelets' port", () => {
    const pods = (container: object) =>
      object("apps/v1", "DaemonSet", { template: { spec: { containers: [container] } } });
    const url = "https://$(HOST_IP):10250/stats/summary";
    for (const container of [
      { name: "c", image: "curl", command: ["sh", "-c", `curl -k ${url} | jq .`] },
      { name: "c", image: "probe", args: [`--target=${url}`] },
      { name: "c", image: "agent", env: [{ name: "TARGET", value: url }] },
    ]) {
      const { pack, exitCode, stdout } = said(pods(container));
      assert.match(pack, /what container "c" of .* verifies where it calls kubelets/);
      assert.match(stdout, /not read\n +what container "c"/);
      assert.equal(exitCode, 0, stdout);
    }
    for (const other of ["https://localhost:10250/healthz", "https://web:10251", "tcp://a:10250"]) {
      const { pack, exitCode } = said(pods({ name: "c", image: "probe", args: [other] }));
      assert.deepEqual([pack, exitCode], ["", 0]);
    }
  });

  it("hides nothing of the manifest that quotes its configuration", () => {
    const fluent = "[FILTER]\n    Name kubernetes\n    Use_Kubelet Off\n";
    for (const quoted of [fluent, "[[inputs.kubernetes]]\nurl = 'http://a'\n", alloy(false)]) {
      const { exitCode, stdout } = judged({
        "m.yaml": `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a.conf: |\n    ${quoted.trim().replaceAll("\n", "\n    ")}\n  kubelet.conf: |\n    apiVersion: kubelet.config.k8s.io/v1beta1\n    kind: KubeletConfiguration\n    authorization: {mode: AlwaysAllow}\n`,
      });
      assert.equal(exitCode, 1);
      assert.match(stdout, /AlwaysAllow/);
    }
  });

  it("is never named by a text out of a Secret", () => {
    const secret = (key: string, text: string) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", namespace: "monitoring" },
      stringData: { [key]: text },
    });
    for (const shape of [
      secret("config.alloy", alloy(true).replace('"kubelet"', '"hushhush"')),
      secret("p.yml", JSON.stringify({ scrape_configs: [{ ...job(true), job_name: "hushhush" }] })),
      secret(
        "r.yml",
        JSON.stringify({ receivers: { "kubeletstats/hushhush": receiver(true).kubeletstats } }),
      ),
    ]) {
      const { pack, stdout } = said(shape);
      for (const text of [pack, stdout]) {
        assert.match(text, /does not verify the kubelet's serving certificate/);
        assert.doesNotMatch(text, /hushhush/);
      }
    }
  });
});
