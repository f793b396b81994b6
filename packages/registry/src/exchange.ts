/** What a registry was asked and answered, for metrics: one for each request that was sent, and one for each piece of a body. */
export type Exchange =
  | {
      readonly type: 'answered';
      /** As in `docker.io`; a mirror has its own name. */
      readonly registry: string;
      readonly method: string;
      readonly status: number;
    }
  | { readonly type: 'unanswered'; readonly registry: string; readonly method: string }
  | { readonly type: 'received'; readonly registry: string; readonly bytes: number };

/** Called from the hot path: returns at once, never throws. */
export type ExchangeListener = (exchange: Exchange) => void;
