/** As much of a browser's XMLHttpRequest as dicomweb-client touches, over fetch: so that a test can use the library as a viewer does. */
export class XhrOverFetch {
  readyState = 0;
  status = 0;
  responseType = '';
  response: unknown;
  onreadystatechange: (() => void) | undefined;
  onloadstart: (() => void) | undefined;
  onloadend: (() => void) | undefined;
  onprogress: (() => void) | undefined;
  private target = { method: 'GET', url: '' };
  private readonly headers = new Headers();
  private answered = new Headers();

  open(method: string, url: string): void {
    this.target = { method: method.toUpperCase(), url };
  }

  setRequestHeader(name: string, value: string): void {
    this.headers.set(name, value);
  }

  getResponseHeader(name: string): string | null {
    return this.answered.get(name);
  }

  getAllResponseHeaders(): string {
    return [...this.answered].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }

  send(body?: ArrayBuffer): void {
    void fetch(this.target.url, { method: this.target.method, headers: this.headers, body }).then(async (answer) => {
      this.status = answer.status;
      this.answered = answer.headers;
      const bytes = await answer.arrayBuffer();
      this.response = this.responseType === 'arraybuffer' ? bytes : JSON.parse(Buffer.from(bytes).toString('utf8') || 'null');
      this.readyState = 4;
      this.onreadystatechange?.();
    });
  }
}
