import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import {
  expectFailure,
  expectSuccess,
  makeProject,
  type Project,
  type ProjectOptions,
  type State,
} from "../support/engine.ts";

describe("toolchain: a program in the real engine", function () {
  this.timeout(120_000);
  const projects: Project[] = [];
  const project = async (options: ProjectOptions) => {
    const made = await makeProject(options);
    projects.push(made);
    return made;
  };
  afterEach(() => {
    for (const made of projects.splice(0)) made.remove();
  });

  it("creates, previews, updates, replaces, refreshes and deletes", async () => {
    const stack = await project({
      files: { "index.ts": keyAndCertificate(["a.example"], "P256") },
    });

    const preview = expectSuccess(await stack.preview());
    assert.match(preview.stdout, /\+ 3 to create/);
    assert.deepEqual((await stack.exportState()).resources, []);

    expectSuccess(await stack.up());
    const first = await stack.exportState();
    assert.deepEqual(first.resources.map(({ type }) => type).sort(), [
      "pulumi:providers:tls",
      "pulumi:pulumi:Stack",
      "tls:index/privateKey:PrivateKey",
      "tls:index/selfSignedCert:SelfSignedCert",
    ]);
    assert.match(String((await stack.outputs()).certPem), /^-----BEGIN CERTIFICATE-----/);

    const unchanged = expectSuccess(await stack.up());
    assert.match(unchanged.stdout, /3 unchanged/);

    // A certificate cannot be changed: another name gives another certificate, with the same key.
    stack.write("index.ts", keyAndCertificate(["a.example", "b.example"], "P256"));
    const replaced = expectSuccess(await stack.up());
    assert.match(replaced.stdout, /\+-1 replaced/);
    assert.match(replaced.stdout, /2 unchanged/);
    const second = await stack.exportState();
    assert.equal(idOf(second, "PrivateKey"), idOf(first, "PrivateKey"));
    assert.notEqual(idOf(second, "SelfSignedCert"), idOf(first, "SelfSignedCert"));

    // Another key replaces the certificate too, whose input it is.
    stack.write("index.ts", keyAndCertificate(["a.example", "b.example"], "P384"));
    assert.match(expectSuccess(await stack.up()).stdout, /\+-2 replaced/);

    const refreshed = expectSuccess(await stack.refresh());
    assert.match(refreshed.stdout, /3 unchanged/);
    assert.match(expectSuccess(await stack.preview()).stdout, /3 unchanged/);

    stack.write("index.ts", "");
    assert.match(expectSuccess(await stack.up()).stdout, /- 2 deleted/);

    stack.write("index.ts", keyAndCertificate(["a.example"], "P256"));
    expectSuccess(await stack.up());
    assert.match(expectSuccess(await stack.destroy()).stdout, /- 3 deleted/);
    assert.deepEqual((await stack.exportState()).resources, []);
  });

  it("updates in place what can be", async () => {
    const stack = await project({ files: { "index.ts": renewedEarly(1) } });
    expectSuccess(await stack.up());
    const before = await stack.exportState();
    stack.write("index.ts", renewedEarly(2));
    assert.match(expectSuccess(await stack.up()).stdout, /~ 1 updated/);
    assert.equal(idOf(await stack.exportState(), "SelfSignedCert"), idOf(before, "SelfSignedCert"));
  });

  it("keeps private keys encrypted in the state and out of what it prints", async () => {
    const stack = await project({
      files: { "index.ts": keyAndCertificate(["a.example"], "P256") },
    });
    const up = expectSuccess(await stack.up());
    assert.equal(up.leaksPrivateKey, false);
    const exported = await stack.pulumi(["stack", "export"]);
    assert.equal(expectSuccess(exported).leaksPrivateKey, false);
    const shown = await stack.pulumi(["stack", "export", "--show-secrets"]);
    assert.equal(expectSuccess(shown).leaksPrivateKey, true);
    const key = (await stack.exportState()).resources.find(({ type }) => /PrivateKey/.test(type));
    const secret = key?.outputs?.privateKeyPem as Record<string, unknown> | undefined;
    assert.equal(typeof secret?.ciphertext, "string");
    assert.equal((await stack.outputs()).key, "[secret]");
  });

  it("shows unknown values as unknown at preview, and runs no apply on them", async () => {
    const stack = await project({
      files: {
        "index.ts": `
          import * as pulumi from "@pulumi/pulumi";
          import * as tls from "@pulumi/tls";
          const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
          export const dry = pulumi.runtime.isDryRun();
          export const length = key.publicKeyPem.apply((pem) => {
            console.log("apply saw " + pem.length);
            return pem.length;
          });`,
      },
    });
    const preview = expectSuccess(await stack.preview());
    assert.doesNotMatch(preview.stdout, /apply saw/);
    assert.match(preview.stdout, /length *: *(output<string>|\[unknown\])/);
    assert.match(preview.stdout, /dry *: *true/);
    assert.match(expectSuccess(await stack.up()).stdout, /apply saw \d+/);
    assert.equal((await stack.outputs()).dry, false);
  });

  it("hands configuration over, structured and secret", async () => {
    const stack = await project({
      name: "configured",
      config: { pools: [{ name: "a", nodes: 2 }] },
      files: {
        "index.ts": `
          import * as pulumi from "@pulumi/pulumi";
          const config = new pulumi.Config();
          export const pools = config.requireObject<{ nodes: number }[]>("pools").map(({ nodes }) => nodes);
          export const word = config.requireSecret("word");
          export const where = [pulumi.getProject(), pulumi.getStack(), pulumi.getOrganization()];`,
      },
    });
    expectSuccess(await stack.pulumi(["config", "set", "--secret", "word", "hush"]));
    const up = expectSuccess(await stack.up());
    assert.doesNotMatch(up.stdout, /hush/);
    assert.deepEqual(await stack.outputs(), {
      pools: [2],
      word: "[secret]",
      where: ["configured", "test", "organization"],
    });
  });

  it("reads another stack's outputs, secrets as secrets", async () => {
    const one = await project({
      name: "one",
      files: {
        "index.ts": `
          import * as pulumi from "@pulumi/pulumi";
          export const open = "seen";
          export const hidden = pulumi.secret("hush");`,
      },
    });
    expectSuccess(await one.up());
    const two = await project({
      name: "two",
      backend: one.backend,
      files: {
        "index.ts": `
          import * as pulumi from "@pulumi/pulumi";
          const one = new pulumi.StackReference("organization/one/test");
          export const open = one.requireOutput("open");
          export const hidden = one.requireOutput("hidden");
          export const same = one.requireOutput("hidden").apply((word) => word === "hush");`,
      },
    });
    expectSuccess(await two.up());
    const shown = await two.pulumi(["stack", "output", "--json", "--show-secrets"]);
    assert.deepEqual(await two.outputs(), { open: "seen", hidden: "[secret]", same: "[secret]" });
    assert.equal(JSON.parse(expectSuccess(shown).stdout).same, true);
  });

  it("fails with the program's message when it throws, and deletes nothing", async () => {
    const stack = await project({
      files: { "index.ts": keyAndCertificate(["a.example"], "P256") },
    });
    expectSuccess(await stack.up());
    const before = resourceIds(await stack.exportState());
    stack.write("index.ts", 'throw new Error("the reason is this");');
    expectFailure(await stack.up(), /the reason is this/);
    expectFailure(await stack.preview(), /the reason is this/);
    // The program's process may also end without a word to the SDK.
    stack.write("index.ts", "process.exit(3);");
    expectFailure(await stack.up(), /exit status 3/);
    stack.write("index.ts", "this is no program");
    expectFailure(await stack.up(), /SyntaxError|Expected/);
    assert.deepEqual(resourceIds(await stack.exportState()), before);
  });

  it("says what is missing where the SDK is not installed", async () => {
    const stack = await project({ files: { "index.ts": "" } });
    stack.write("node_modules", "");
    expectFailure(
      await stack.up(),
      /no @pulumi\/pulumi in node_modules .* run `npm install` there/,
    );
  });

  it("lets a policy pack in JavaScript see the stack and reject it", async () => {
    const pack = path.resolve(import.meta.dirname, "fixtures", "pack");
    const stack = await project({
      config: { curve: "P224" },
      files: {
        "index.ts": `
          import * as pulumi from "@pulumi/pulumi";
          import * as tls from "@pulumi/tls";
          const curve = new pulumi.Config().require("curve");
          const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: curve });`,
      },
    });
    const rejected = expectFailure(
      await stack.preview({ policyPacks: [pack] }),
      /\[mandatory\] +curve[\s\S]*P224 is not allowed in stack test of project test/,
    );
    assert.match(rejected.stdout, /\[advisory\] +stack[\s\S]*dry run: true/);
    expectFailure(
      await stack.pulumi(["up", "--yes", "--policy-pack", pack]),
      /P224 is not allowed/,
    );
    assert.equal(
      (await stack.exportState()).resources.some(({ type }) => /PrivateKey/.test(type)),
      false,
    );
    stack.configure({ curve: "P256" });
    assert.match(
      expectSuccess(await stack.up({ policyPacks: [pack] })).stdout,
      /\[advisory\] +stack[\s\S]*dry run: false/,
    );
  });

  it("runs components written in TypeScript from their sources", async () => {
    const stack = await project({
      files: {
        "index.ts": `
          import * as pulumi from "@pulumi/pulumi";
          class Greeting extends pulumi.ComponentResource {
            declare readonly text: pulumi.Output<string>;
            constructor(name: string, args: { whom: string }) {
              super("greetings:index:Greeting", name, { ...args, text: undefined }, {}, true);
            }
          }
          export const text = new Greeting("greeting", { whom: "kubelet" }).text;`,
        "greetings/PulumiPlugin.yaml": "runtime: nodejs\n",
        "greetings/package.json": JSON.stringify({ name: "greetings", version: "1.0.0" }),
        "greetings/index.ts": `
          import * as pulumi from "@pulumi/pulumi";
          export interface GreetingArgs { whom: pulumi.Input<string> }
          export class Greeting extends pulumi.ComponentResource {
            public readonly text: pulumi.Output<string>;
            constructor(name: string, args: GreetingArgs, opts?: pulumi.ComponentResourceOptions) {
              super("greetings:index:Greeting", name, args, opts);
              this.text = pulumi.interpolate\`hello \${args.whom}\`;
              this.registerOutputs({ text: this.text });
            }
          }`,
        "Pulumi.yaml": `name: test
runtime: { name: nodejs, options: { typescript: false } }
main: index.ts
plugins:
  providers:
    - { name: greetings, path: ./greetings }
`,
      },
    });
    expectSuccess(await stack.up());
    assert.deepEqual(await stack.outputs(), { text: "hello kubelet" });
  });

  it("installs a program's npm packages, and says what it cannot install", async () => {
    const stack = await project({
      files: {
        "index.ts": "",
        "package.json": JSON.stringify({ dependencies: { neighbour: "file:./neighbour" } }),
        "neighbour/package.json": JSON.stringify({ name: "neighbour", version: "1.0.0" }),
      },
    });
    const modules = path.join(stack.folder, "node_modules");
    fs.unlinkSync(modules); // the link to those of this repository
    expectSuccess(await stack.pulumi(["install"]));
    assert.ok(fs.existsSync(path.join(modules, "neighbour", "package.json")));

    stack.write("package.json", "{");
    expectFailure(await stack.pulumi(["install"]), /installing dependencies: npm install .*exit/);
    stack.write("Pulumi.yaml", settings("{ packagemanager: yarn }"));
    expectFailure(await stack.pulumi(["install"]), /"yarn": .* installs with npm alone/);
  });

  it("answers what `pulumi about` asks", async () => {
    const stack = await project({ files: { "index.ts": "" } });
    const about = JSON.parse(expectSuccess(await stack.pulumi(["about", "--json"])).stdout);
    assert.match(about.runtime.version, /^v?24\./);
    assert.match(about.runtime.executable, /node$/);
  });
});

function settings(options: string): string {
  return `name: test\nruntime: { name: nodejs, options: ${options} }\n`;
}

function keyAndCertificate(dnsNames: string[], curve: string): string {
  return `
    import * as tls from "@pulumi/tls";
    const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "${curve}" });
    const certificate = new tls.SelfSignedCert("certificate", {
      privateKeyPem: key.privateKeyPem,
      subject: { commonName: "test" },
      dnsNames: ${JSON.stringify(dnsNames)},
      allowedUses: ["server_auth"],
      validityPeriodHours: 24,
    });
    export const certPem = certificate.certPem;
    export const publicKey = key.publicKeyPem;
    export { privateKey as key };
    const privateKey = key.privateKeyPem;`;
}

function renewedEarly(hours: number): string {
  return `
    import * as tls from "@pulumi/tls";
    const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
    new tls.SelfSignedCert("certificate", {
      privateKeyPem: key.privateKeyPem,
      allowedUses: ["server_auth"],
      validityPeriodHours: 24,
      earlyRenewalHours: ${hours},
    });`;
}

function resourceIds(state: State): (string | undefined)[][] {
  return state.resources.map(({ urn, id }) => [urn, id]);
}

function idOf(state: State, type: string) {
  const id = state.resources.find((resource) => resource.type.endsWith(`:${type}`))?.id;
  assert.ok(id, `no ${type} in the state`);
  return id;
}
