/**
 * The frames between chat client and server: one JSON object `{type, body}` a line, at most
 * `MAX_FRAME_BYTES` with its newline. Unknown types and malformed bodies are refused, never guessed.
 * They travel over TLS, under a name that no other program has.
 */

/** RFC 7301: a server of another protocol and a client of this one notice before the first frame. */
export const ALPN_PROTOCOL = 'updraft-chat/1';
export const TLS_VERSION = 'TLSv1.3';

export const MAX_FRAME_BYTES = 65_536;
/** The server sends `ping` this often; a client that sends nothing for `PRESENCE_TIMEOUT_MS` is gone. */
export const HEARTBEAT_MS = 5_000;
export const PRESENCE_TIMEOUT_MS = 15_000;
/** Longest text of a message, in UTF-16 units (`string.length`). */
export const MAX_TEXT_CHARACTERS = 4_096;
/** A frame of a connection that has not logged in, newline included: nobody may fill memory unnamed. */
export const MAX_LOGIN_FRAME_BYTES = 4_096;

/** One post as everybody sees it. */
export interface MessageView {
  readonly number: number;
  readonly user: string;
  readonly text: string;
  /** `DD Mon YYYY HH:MM:SS`, the server's local time: of posting, or of the last edit. */
  readonly time: string;
  readonly edited: boolean;
}

/** One active user as everybody sees them. */
export interface UserView {
  readonly user: string;
  readonly address: string;
  readonly udpPort: number;
  readonly since: string;
}

/** What an introduction is for: files and folders, or one direct message. */
export const introductionPurposes = ['files', 'message'] as const;
export type IntroductionPurpose = (typeof introductionPurposes)[number];

/** Where a client's endpoint listens. */
export interface EndpointAddress {
  readonly address: string;
  readonly port: number;
}

/** What the sender of an introduction sent over UDP without an answer: see `OpeningCounts` of the engine. */
export interface SentCounts {
  readonly openCount: number;
  readonly scoutCount: number;
  readonly addresses: readonly EndpointAddress[];
}

/** What its receiver saw of that, and how often it answered. */
export interface SeenCounts {
  readonly openCount: number;
  readonly scoutCount: number;
  readonly answerCount: number;
}

/** Requests carry a number that the client counts up; the answer repeats it. */
export type ClientFrame =
  | {
      readonly type: 'login';
      readonly body: {
        readonly request: number;
        readonly user: string;
        readonly password: string;
        readonly udpPort: number;
        /** Of the client's endpoint: 32 bytes as 64 lower-case hex digits. */
        readonly publicKey: string;
        /** It understands `compare`; absent in older clients. */
        readonly compares?: boolean;
      };
    }
  /** Makes a new user and logs in as that one. */
  | {
      readonly type: 'register';
      readonly body: {
        readonly request: number;
        readonly user: string;
        readonly password: string;
        readonly udpPort: number;
        /** Of the client's endpoint: 32 bytes as 64 lower-case hex digits. */
        readonly publicKey: string;
        /** It understands `compare`; absent in older clients. */
        readonly compares?: boolean;
      };
    }
  | {
      readonly type: 'change-password';
      readonly body: {
        readonly request: number;
        readonly oldPassword: string;
        readonly newPassword: string;
      };
    }
  | { readonly type: 'post'; readonly body: { readonly request: number; readonly text: string } }
  | {
      readonly type: 'delete';
      readonly body: { readonly request: number; readonly number: number; readonly time: string };
    }
  | {
      readonly type: 'edit';
      readonly body: {
        readonly request: number;
        readonly number: number;
        readonly time: string;
        readonly text: string;
      };
    }
  | { readonly type: 'read'; readonly body: { readonly request: number; readonly since: string } }
  | { readonly type: 'users'; readonly body: { readonly request: number } }
  /** Asks for an introduction to an active user. */
  | {
      readonly type: 'introduce';
      readonly body: {
        readonly request: number;
        readonly to: string;
        readonly purpose: IntroductionPurpose;
      };
    }
  /** The receiver of an introduction does not expect it: the sender has a key that is not trusted. */
  | {
      readonly type: 'decline';
      readonly body: { readonly request: number; readonly keyId: string };
    }
  /** The sender of an introduction gets no answer over UDP: asks the receiver what it sees. */
  | {
      readonly type: 'compare';
      readonly body: {
        readonly request: number;
        readonly to: string;
        readonly keyId: string;
        readonly sent: SentCounts;
      };
    }
  /** The receiver's side of it; only while a `compare` waits for it. */
  | {
      readonly type: 'saw';
      readonly body: {
        readonly request: number;
        readonly keyId: string;
        readonly seen: SeenCounts;
      };
    }
  | { readonly type: 'logout'; readonly body: { readonly request: number } }
  | { readonly type: 'pong'; readonly body: Record<string, never> };

/** Why a request changed nothing. The client has a text for each. */
export const refusals = [
  'unknown-user',
  'wrong-password',
  'blocked',
  'name-taken', // register: or it is no name for a user
  'bad-name', // register
  'bad-password', // register, change-password: the new one
  'no-registration', // register: this server takes no new users
  'not-saved', // register, change-password: the file could not be written
  'not-logged-in',
  'already-logged-in',
  'no-such-message',
  'wrong-time',
  'not-the-author',
  'empty-text',
  'text-too-long',
  'bad-time',
  'not-online', // introduce: the user is offline or does not exist
  'yourself', // introduce: to oneself
  'too-fast', // more requests than the server takes from one client
  'busy', // a limit of the server or of the receiver is reached; trying again later may work
] as const;
export type Refusal = (typeof refusals)[number];

/** What each side of an introduction gets; see `Introduction` of the transfer engine. */
export interface IntroductionKey {
  /** 8 bytes as 16 lower-case hex digits. */
  readonly keyId: string;
  /** 32 bytes as 64 lower-case hex digits. */
  readonly secret: string;
  /** The other side's `publicKey`. */
  readonly peerKey: string;
}

export type ServerFrame =
  | {
      readonly type: 'refused';
      readonly body: { readonly request: number; readonly reason: Refusal };
    }
  | {
      readonly type: 'welcome';
      readonly body: {
        readonly request: number;
        readonly user: string;
        /** The other active users. */
        readonly users: readonly UserView[];
        /** True when `users` frames with the same request follow. */
        readonly more: boolean;
      };
    }
  /** Answers post, delete and edit; `time` is what the confirmation shows. */
  | {
      readonly type: 'done';
      readonly body: { readonly request: number; readonly number: number; readonly time: string };
    }
  | {
      readonly type: 'messages';
      readonly body: {
        readonly request: number;
        readonly messages: readonly MessageView[];
        /** True when more frames with the same request follow. */
        readonly more: boolean;
      };
    }
  | {
      readonly type: 'users';
      readonly body: {
        readonly request: number;
        /** The other active users, in the order of their login. */
        readonly users: readonly UserView[];
        /** True when more frames with the same request follow. */
        readonly more: boolean;
      };
    }
  /** Answers introduce: where to open, with which key. */
  | {
      readonly type: 'introduced';
      readonly body: {
        readonly request: number;
        readonly to: string;
        readonly key: IntroductionKey;
        readonly addresses: readonly EndpointAddress[];
        /** The receiver understands `compare`, and this server passes it on; absent in older ones. */
        readonly compares?: boolean;
      };
    }
  /** Answers decline. */
  | { readonly type: 'declining'; readonly body: { readonly request: number } }
  /** Answers compare and saw: it was passed on. */
  | { readonly type: 'comparing'; readonly body: { readonly request: number } }
  /** Answers change-password. */
  | { readonly type: 'password-changed'; readonly body: { readonly request: number } }
  | { readonly type: 'bye'; readonly body: { readonly request: number } }
  // From here on: news that nobody asked for.
  | { readonly type: 'posted'; readonly body: MessageView }
  | { readonly type: 'joined'; readonly body: UserView }
  | { readonly type: 'left'; readonly body: { readonly user: string } }
  /** To the receiver of an introduction, before the sender gets `introduced`. */
  | {
      readonly type: 'expect';
      readonly body: {
        readonly from: string;
        readonly purpose: IntroductionPurpose;
        readonly key: IntroductionKey;
      };
    }
  /** To the sender of an introduction: the receiver declined it. */
  | { readonly type: 'declined'; readonly body: { readonly keyId: string } }
  /** To the receiver of an introduction: what its sender sent in vain. It answers with `saw`. */
  | {
      readonly type: 'compare';
      readonly body: {
        readonly from: string;
        readonly keyId: string;
        readonly sent: SentCounts;
      };
    }
  /** To the sender who asked. */
  | { readonly type: 'saw'; readonly body: { readonly keyId: string; readonly seen: SeenCounts } }
  | { readonly type: 'ping'; readonly body: Record<string, never> }
  /** The session ends: a second login of the same user, the server stops, or no login for 60 s. */
  | {
      readonly type: 'ended';
      readonly body: { readonly reason: 'replaced' | 'stopping' | 'idle' };
    };
