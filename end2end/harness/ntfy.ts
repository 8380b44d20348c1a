// A receiver of calls, as ntfy's server takes them: https://docs.ntfy.sh/publish/#publish-as-json
import { createServer } from 'node:http';

export interface Message {
  topic: string;
  title: string;
  message: string;
  click?: string;
}

export class Ntfy {
  readonly messages: Message[] = [];
  url = '';
  private readonly server = createServer((request, answer) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      this.messages.push(JSON.parse(body) as Message);
      answer.setHeader('content-type', 'application/json');
      answer.end('{}');
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((ready) => this.server.listen(0, '127.0.0.1', ready));
    const address = this.server.address();
    this.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  }

  stop(): void {
    this.server.close();
  }
}
