import { ACCOUNT, BREAKER, type ErrorRow, LATER, TOO_FAST } from '../api/classify.ts';

const DAILY = /daily/i;

/** SendEmail of the SES v2 API, and the errors that all services of AWS share ("CommonErrors"). */
export const SES_ROWS: readonly ErrorRow[] = [
  {
    codes: ['TooManyRequestsException', 'LimitExceededException', 'Throttling', 'ThrottlingException'],
    words: DAILY,
    verdict: ACCOUNT,
    says: 'The messages of 24 hours that SES allows are used up; wait, or ask AWS for more.',
  },
  {
    codes: ['TooManyRequestsException', 'Throttling', 'ThrottlingException'],
    verdict: TOO_FAST,
    says: 'SES takes no more messages just now; set EMAIL_RATE to what the account may send a second.',
  },
  {
    codes: ['LimitExceededException'],
    verdict: ACCOUNT,
    says: 'A limit of the account at SES is reached; its words say which.',
  },
  {
    codes: ['AccountSuspendedException', 'SendingPausedException'],
    verdict: ACCOUNT,
    says: 'SES has paused or suspended sending for the account or the configuration set; see the SES console.',
  },
  {
    codes: ['MailFromDomainNotVerifiedException'],
    verdict: ACCOUNT,
    says: 'The MAIL FROM domain of the identity is not verified at SES; mend its DNS records.',
  },
  {
    codes: ['MessageRejected'],
    words: /not verified/i,
    verdict: ACCOUNT,
    says: 'EMAIL_FROM is not verified at SES in this region; or the account is in the sandbox, where recipients have to be verified too.',
  },
  {
    codes: ['NotFoundException'],
    verdict: ACCOUNT,
    says: 'SES does not find the configuration set; check SES_CONFIGURATION_SET and AWS_REGION.',
  },
  {
    codes: [
      'UnrecognizedClientException',
      'InvalidClientTokenId',
      'SignatureDoesNotMatch',
      'InvalidSignatureException',
      'IncompleteSignature',
      'IncompleteSignatureException',
      'MissingAuthenticationToken',
      'MissingAuthenticationTokenException',
      'ExpiredToken',
      'ExpiredTokenException',
      'AccessDenied',
      'AccessDeniedException',
      'NotAuthorized',
      'OptInRequired',
      'InvalidAction',
      'UnknownOperationException',
    ],
    verdict: ACCOUNT,
    says: 'AWS does not take the keys, or they may not do ses:SendEmail; check the AWS_ variables and the policy of the user.',
  },
  {
    codes: ['RequestExpired', 'RequestTimeTooSkewed'],
    verdict: LATER,
    says: 'The clock of this machine differs from that of AWS by minutes; set it right.',
  },
  {
    codes: [
      'MessageRejected',
      'BadRequestException',
      'ValidationException',
      'ValidationError',
      'InvalidParameterValue',
      'SerializationException',
    ],
    verdict: BREAKER,
    says: 'SES found something wrong with the message or its address; its words say what.',
  },
];
