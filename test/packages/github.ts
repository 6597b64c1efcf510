/** What the real `gh` meets: a pull request and its comments, on a Unix socket, and a checkout of its repository. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as path from "node:path";

export type GitHub = {
  /** The comments of pull request 7, as they stand. */
  readonly comments: readonly Comment[];
  /** What `gh` takes besides what the pipeline gives it. */
  readonly env: NodeJS.ProcessEnv;
  close(): void;
};

type Comment = { readonly id: string; readonly body: string; readonly edited: number };

type Request = {
  readonly query: string;
  readonly variables: { readonly pr_number?: number; readonly input?: Partial<Comment> };
};

/**
 * @param folder becomes a checkout
 * @param token without it nobody is answered
 */
export async function serveGitHub(folder: string, token: string): Promise<GitHub> {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: folder });
  git("init", "--quiet");
  git("remote", "add", "origin", "https://github.com/some/repository.git");
  const settings = path.join(path.dirname(folder), "gh");
  const socket = path.join(settings, "socket");
  fs.mkdirSync(settings);
  fs.writeFileSync(path.join(settings, "config.yml"), `http_unix_socket: ${socket}\n`);
  let comments: Comment[] = [];
  const answer = ({ query, variables: { pr_number: number, input } }: Request) => {
    const url = "https://github.com/some/repository/pull/7";
    if (query.includes("addComment(")) {
      const id = `comment-${comments.length}`;
      comments.push({ id, body: input?.body ?? "", edited: 0 });
      return { addComment: { commentEdge: { node: { url } } } };
    }
    if (query.includes("updateIssueComment(")) {
      comments = comments.map((one) =>
        one.id === input?.id ? { ...one, body: input.body ?? "", edited: one.edited + 1 } : one,
      );
      return { updateIssueComment: { issueComment: { url } } };
    }
    if (number !== 7) return { repository: { pullRequest: null } };
    const nodes = comments.map(({ id, body }) => ({ id, body, url, viewerDidAuthor: true }));
    const pages = { nodes, pageInfo: { hasNextPage: false }, totalCount: nodes.length };
    return { repository: { pullRequest: { id: "request-7", url, number, comments: pages } } };
  };
  const server = http.createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      response.setHeader("content-type", "application/json");
      if (request.headers.authorization !== `token ${token}`) response.writeHead(401).end("{}");
      else response.end(JSON.stringify({ data: answer(JSON.parse(text)) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    get comments() {
      return comments;
    },
    env: { GH_CONFIG_DIR: settings },
    close: () => server.close(),
  };
}
