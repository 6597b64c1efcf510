import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reportOfEvents } from "../../cli/report-events.ts";
import { toHtml } from "../../cli/report-html.ts";
import { reportMain } from "../../cli/report-main.ts";
import { longestComment, toMarkdown } from "../../cli/report-markdown.ts";
import { type Arrow, type Line, type Report, worstFirst } from "../../cli/report-model.ts";
import { type Palette, palettes } from "../../cli/report-style.ts";
import { issue } from "../../lab/x509/issue.ts";
import { folderForEach } from "../support/folders.ts";

const at = new Date("2026-11-26T12:00:00Z");

const kubelet = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}
`;
const pod = `apiVersion: v1
kind: Pod
metadata: {name: "kube-<apiserver>|@team"}
spec:
  containers:
  - image: registry.k8s.io/kube-apiserver:v1.37.2
    command:
    - kube-apiserver
    - --authorization-mode=Node,RBAC
    - --kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt
    - --kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key
    - --kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt
`;

/** What a malicious name would need to get out of any of the three languages. */
const hostile = `<script>alert("1")</script> | \`x\` [a](http://b) @team #1 "]-->x\u202e\u0007 & 'q'`;

const arrow: Arrow = {
  caller: hostile,
  pool: hostile,
  kind: hostile,
  tone: "bad",
  says: hostile,
};

function reportWith(changes: Partial<Report>): Report {
  return {
    isAccepted: false,
    headline: "rejected",
    pictures: [],
    lines: [],
    read: [],
    notRead: [],
    assumed: [],
    lifetimes: [],
    at,
    ...changes,
  };
}

const hostileReport = reportWith({
  headline: hostile,
  pictures: [{ cluster: hostile, arrows: [arrow] }],
  lines: [{ subjects: [hostile], tone: "bad", says: hostile, details: [hostile] }],
  read: [hostile],
  notRead: [hostile],
  assumed: [hostile],
  lifetimes: [{ names: [hostile], from: at, until: new Date("2027-11-26T12:00:00Z") }],
});

describe("npm run report", () => {
  const folder = folderForEach();

  function put(name: string, text: string): string {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  }

  it("tells a pair of files as judge does, in both forms", async () => {
    const { authority } = await authorities();
    const [html, markdown] = [join(folder, "r.html"), join(folder, "r.md")];
    const files = [put("kubelet.yaml", kubelet), put("pod.yaml", pod)];
    const ca = `/etc/kubernetes/pki/ca.crt=${put("ca.crt", authority)}`;
    const ran = reportMain([...files, ca, "--html", html, `--markdown=${markdown}`]);
    assert.equal(ran.exitCode, 1, ran.stderr);
    assert.equal(ran.stdout, "Kubernetes 1.37.2: rejected");
    for (const text of [readFileSync(html, "utf8"), readFileSync(markdown, "utf8")]) {
      assert.match(text, /signed by unknown authority/);
      assert.match(text, /serverTLSBootstrap: true/);
      assert.match(text, /1 kubelet, selfSigned/);
      assert.match(text, /the-authority/);
      // kubeadm's client certificate is taken for granted: nobody knows its time.
      assert.doesNotMatch(
        text.split("Certificates")[1]?.split("Assumed")[0] ?? "",
        /kubelet-client/,
      );
    }
  });

  it("prints Markdown where no file is named", () => {
    const ran = reportMain([put("kubelet.yaml", kubelet)]);
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stdout, /^## ✗ kubelet-trust: .*undecidable, one side is not given/);
  });

  it("says in one line what is wrong with its arguments", () => {
    const file = put("kubelet.yaml", kubelet);
    for (const [argv, message] of [
      [["--html"], /--html: no file is given/],
      [["--html", "--markdown", "x"], /--html: no file is given/],
      [[file, "--html=a", "--html=b"], /--html: given twice/],
      [[file, "--json"], /--json: a report is/],
      [["--events", "x", file], /leave .*kubelet\.yaml out/],
      [["--events", join(folder, "none")], /cannot be read \(ENOENT\)/],
      [["--events", put("empty", "\n")], /is empty; did the preview run/],
      [["--events", file], /line 1 of .* is no event/],
      [["--events", put("d.json", '{"changeSummary":{}}')], /PULUMI_ENABLE_STREAMING_JSON_PREVIEW/],
      [[file, "--html", join(folder, "no", "r.html")], /--html: .* cannot be written \(ENOENT\)/],
      [[], /no file is given/],
    ] as const) {
      const ran = reportMain(argv);
      assert.equal(ran.exitCode, 2, argv.join(" "));
      assert.match(ran.stderr, message);
      assert.doesNotMatch(ran.stderr, /\n/);
    }
    assert.match(reportMain(["--help"]).stdout, /^usage: kubelet-trust report/);
  });
});

async function authorities(): Promise<{ readonly authority: string }> {
  const made = await issue({ subject: "CN=the-authority", isCA: true });
  return { authority: made.certPem };
}

describe("a report on events", () => {
  const event = (content: object, sequence = 1) =>
    JSON.stringify({ sequence, timestamp: 0, ...content });
  const resource = (type: string, name: string, outputs: object, parent = "") => {
    const urn = `urn:pulumi:dev::p::${type}::${name}`;
    const state = { type, urn, parent, inputs: {}, outputs };
    return event({ resOutputsEvent: { metadata: { op: "create", urn, type, new: state } } });
  };
  const policy = (enforcementLevel: string, urn: string, message: string) =>
    event({
      policyEvent: {
        resourceUrn: urn,
        message,
        policyName: "kubelet-serving-trust",
        policyPackName: "kubelet-trust",
        enforcementLevel,
      },
    });
  const clusterUrn = "urn:pulumi:dev::p::kubelet-trust:index:Cluster::c";
  const stack = [
    resource("kubelet-trust:index:Cluster", "c", {
      clusterName: "prod",
      kubernetesVersion: "1.37.2",
      stance: "verify",
    }),
    ...["a", "b"].map((name) =>
      resource(
        "kubelet-trust:index:NodePool",
        name,
        { name, servingMode: "provisioned", nodes: [`${name}-0`] },
        clusterUrn,
      ),
    ),
  ];
  const poolUrn = (name: string) => `urn:pulumi:dev::p::kubelet-trust:index:NodePool::${name}`;
  const end = event({ summaryEvent: { PolicyPacks: { "kubelet-trust": "0.1.0" } } });
  const read = (...lines: readonly string[]) => reportOfEvents("e", lines.join("\n"), at);
  const arrows = ({ pictures }: Report) =>
    pictures.flatMap((one) => one.arrows.map(({ pool, tone }) => `${pool} ${tone}`));

  it("accepts a stack that the pack has nothing against, and draws its pools", () => {
    const report = read(...stack, end);
    assert.equal(report.isAccepted, true);
    assert.equal(report.headline, "accepted");
    assert.equal(report.pictures[0]?.cluster, "prod, Kubernetes 1.37.2");
    assert.deepEqual(arrows(report), ["a good", "b good"]);
  });

  it("puts a violation on the pool that it is of, and one of several kubelets on all", () => {
    const one = "<{%reset%}>about\n<{%reset%}>a-0: is wrong.\n  Where: x\n  Why:   y";
    const report = read(...stack, policy("mandatory", poolUrn("a"), one), end);
    assert.equal(report.isAccepted, false);
    assert.equal(report.headline, "rejected: 1 mandatory violations");
    assert.deepEqual(arrows(report), ["a bad", "b good"]);
    assert.equal(report.lines[0]?.says, "a-0: is wrong.");
    assert.deepEqual(report.lines[0]?.details, ["a-0: is wrong.", "Where: x", "Why:   y"]);
    const all = "2 kubelets, e.g. a-0, b-0: are wrong.\n  Where: x";
    assert.deepEqual(arrows(read(...stack, policy("mandatory", poolUrn("a"), all), end)), [
      "a bad",
      "b bad",
    ]);
    const advice = read(...stack, policy("advisory", "", "b-0: hm.\n  Where: x"), end);
    assert.equal(advice.isAccepted, true);
    assert.deepEqual(arrows(advice), ["a advice", "b advice"]);
  });

  it("accepts nothing that the pack has not seen, that has not ended or that has errors", () => {
    const summary = event({ summaryEvent: { PolicyPacks: { "kubelet-trust": "0.1.0" } } });
    const silent = read(...stack, event({ summaryEvent: { PolicyPacks: {} } }));
    assert.equal(silent.isAccepted, false);
    assert.deepEqual(arrows(silent), ["a unknown", "b unknown"]);
    assert.match(silent.notRead.join(), /--policy-pack/);
    const ran = event({ policyAnalyzeStackSummaryEvent: { policyPackName: "kubelet-trust" } });
    assert.equal(read(...stack, ran).isAccepted, true);
    assert.match(read(...stack, policy("advisory", "", "x")).headline, /end before the run does/);
    const error = event({ diagnosticEvent: { severity: "error", message: "boom" } });
    assert.match(read(...stack, error, summary).headline, /1 errors/);
  });

  it("has the certificates whose time is known, and says how many are not issued", () => {
    const type = "tls:index/locallySignedCert:LocallySignedCert";
    const issued = resource(type, "x", {
      validityStartTime: "2026-01-01T00:00:00Z",
      validityEndTime: "2027-01-01T00:00:00Z",
    });
    const report = read(issued, resource(type, "y", {}), end);
    assert.deepEqual(
      report.lifetimes.map(({ names }) => names),
      [["x"]],
    );
    assert.match(report.notRead.join(), /the time of 1 certificates/);
  });
});

describe("a report's text", () => {
  it("lets nothing hostile out of HTML", () => {
    const page = toHtml(hostileReport);
    for (const one of ["<script", "\u202e", "\u0007"]) assert.ok(!page.includes(one), one);
    assert.match(page, /&lt;script&gt;alert\(&quot;1&quot;\)/);
    assert.match(page, /\\u202e/);
    // Every element that stands in it is one of ours.
    const names = new Set([...page.matchAll(/<([a-z0-9]+)/gi)].map(([, name]) => name));
    const own =
      "html head meta title style body header h1 h2 h3 main section p span strong br details summary pre ul li svg desc g path rect text table thead tbody tr th td";
    assert.deepEqual(
      [...names].filter((name = "") => !own.split(" ").includes(name)),
      [],
    );
  });

  it("lets nothing hostile out of Markdown and Mermaid", () => {
    const text = toMarkdown(hostileReport);
    for (const one of ["<script", "\u202e", "\u0007"]) assert.ok(!text.includes(one), one);
    // Nothing in <pre> is Markdown, nor a mention.
    const rest = text.replaceAll(/<pre>[\s\S]*?<\/pre>/g, "");
    for (const one of ["@team", "[a]", "`x`", "#1 "]) assert.ok(!rest.includes(one), one);
    assert.equal(text.match(/```/g)?.length, 2);
    for (const row of text.split("\n").filter((line) => line.startsWith("| "))) {
      assert.ok([4, 5].includes(row.split("|").length - 1), row);
    }
    const drawn = text.split("```")[1] ?? "";
    for (const line of drawn.split("\n").filter((one) => one.includes('"'))) {
      assert.equal(line.match(/"/g)?.length, 2, line);
    }
  });

  it("asks for nothing outside of the page", () => {
    const page = toHtml(reportWith({}));
    assert.doesNotMatch(page, /(?:src|href)=|url\(|@import|https?:/);
    assert.match(page, /default-src 'none'/);
  });

  it("can be read without eyes and without a mouse", () => {
    const page = toHtml(hostileReport);
    assert.match(page, /<html lang="en">/);
    for (const [svg] of page.matchAll(/<svg[^>]*>/g)) {
      assert.match(svg, /role="img" aria-(labelledby|label)="/);
    }
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const [, names = ""] of page.matchAll(/aria-(?:label|describ)edby="([^"]+)"/g)) {
      for (const name of names.split(" ")) assert.ok(ids.includes(name), name);
    }
    assert.match(page, /:focus-visible \{ outline: 3px/);
    assert.match(page, /<desc [^>]*>.*rejected, /);
    // A name is said at once, a description to who asks for it: no text is both.
    assert.match(page, /aria-labelledby="([^" ]+)-title" aria-describedby="\1-desc"/);
  });

  it("says every verdict in a word, the worst first", () => {
    const lines = (["good", "bad", "advice", "unknown", "meant"] as const).map(
      (tone): Line => ({ subjects: ["x"], tone, says: "y", details: [] }),
    );
    assert.deepEqual(
      worstFirst(lines).map(({ tone }) => tone),
      ["bad", "unknown", "advice", "meant", "good"],
    );
    for (const text of [toHtml(reportWith({ lines })), toMarkdown(reportWith({ lines }))]) {
      for (const word of ["verified", "rejected", "advice", "not known", "unverified, and meant"]) {
        assert.ok(text.includes(word), word);
      }
    }
  });
});

describe("a report's size", () => {
  it("stays under what GitHub takes, with 1,000 nodes of which each is told something else", () => {
    const names = Array.from(
      { length: 1000 },
      (_, index) => `node-${index}.a-long-name.example.com`,
    );
    const report = reportWith({
      pictures: [{ cluster: "c", arrows: names.map((pool) => ({ ...arrow, pool })) }],
      lines: names.map((name) => ({
        subjects: [name],
        tone: "bad" as const,
        says: `${hostile} ${name}`,
        details: Array.from({ length: 20 }, () => hostile.repeat(10)),
      })),
      notRead: names,
      assumed: names,
      lifetimes: names.map((name) => ({ names: [name], from: at, until: at })),
    });
    const text = toMarkdown(report);
    assert.ok(text.length <= longestComment && text.length > 5_000, `${text.length}`);
    assert.match(text, /lines are not shown here; the HTML has all of them/);
    const page = toHtml(report);
    assert.ok(names.every((name) => page.includes(name)));
  });

  it("tells 1,000 equal nodes in one line", () => {
    const one = (index: number) => `apiVersion: v1
kind: Secret
metadata: {name: n${index}}`;
    const line: Line = {
      subjects: Array.from({ length: 1000 }, (_, index) => one(index)),
      tone: "good",
      says: "accepted, verified",
      details: [],
    };
    const text = toMarkdown(reportWith({ lines: [line] }));
    assert.match(text, /and 997 more/);
    assert.ok(text.length < 2_000);
  });
});

describe("a report's colours", () => {
  for (const [name, palette] of Object.entries(palettes)) {
    it(`can be read on ${name}`, () => {
      for (const back of [palette.back, palette.raised]) {
        for (const colour of textColours(palette)) {
          assert.ok(
            contrast(colour, back) >= 4.5,
            `${colour} on ${back}: ${contrast(colour, back)}`,
          );
        }
        // What is no text needs 3: WCAG 2.2, 1.4.11.
        for (const colour of [palette.line, palette.focus]) {
          assert.ok(contrast(colour, back) >= 3, `${colour} on ${back}: ${contrast(colour, back)}`);
        }
      }
    });
  }

  it("computes contrast as WCAG does", () => {
    assert.equal(contrast("#000000", "#ffffff"), 21);
    assert.ok(Math.abs(contrast("#777777", "#ffffff") - 4.478) < 0.001);
  });
});

function textColours({ text, quiet, tones }: Palette): readonly string[] {
  return [text, quiet, ...Object.values(tones)];
}

/** Source: WCAG 2.2, relative luminance and contrast ratio. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
