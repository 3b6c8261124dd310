"""Django settings: one file, everything from the environment. `.env.example` says what each name means."""

from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import environ

from maly.embedded import read_runtime
from maly.logging import LOGGING as MALY_LOGGING
from maly.mail_url import TIMEOUT_SECONDS, mail_settings

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")
MALY_DATA_DIR = Path(env.str("MALY_DATA_DIR", str(BASE_DIR / ".maly"))).resolve()
# Beside a running demo, its database, broker, sandbox and keys are the defaults.
for _name, _value in read_runtime(MALY_DATA_DIR).items():
    env.ENVIRON.setdefault(_name, _value)

MALY_DEMO = env.bool("MALY_DEMO", False)
MALY_TESTING = env.bool("MALY_TESTING", False)
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "insecure-" + "x" * 50 if DEBUG or MALY_TESTING else environ.Env.NOTSET)
PORT = env.int("PORT", 8000)
SITE_URL = env.str("SITE_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])

PLATFORM_NAME = env.str("PLATFORM_NAME", "Maly")
PLATFORM_SUPPORT_EMAIL = env.str("PLATFORM_SUPPORT_EMAIL", "support@example.com")
# Where the platform's days and months begin: its figures go by them.
PLATFORM_TIME_ZONE = env.str("PLATFORM_TIME_ZONE", "UTC")
# The first terms of plan `organization`; later terms live in the database.
PLATFORM_FEE_PERCENT = Decimal(env.str("PLATFORM_FEE_PERCENT", "4.0"))
PLATFORM_FEE_FIXED_CENTS = env.int("PLATFORM_FEE_FIXED_CENTS", 75)
PREMIUM_GRACE_DAYS = env.int("PREMIUM_GRACE_DAYS", 7)  # how long Premium lasts while a payment fails

# Stripe
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", "")
STRIPE_PUBLISHABLE_KEY = env.str("STRIPE_PUBLISHABLE_KEY", "")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", "").rstrip("/")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", "")
STRIPE_WEBHOOK_SECRET_PREVIOUS = env.str("STRIPE_WEBHOOK_SECRET_PREVIOUS", "")
STRIPE_CONNECT_WEBHOOK_SECRET = env.str("STRIPE_CONNECT_WEBHOOK_SECRET", "")
STRIPE_CONNECT_WEBHOOK_SECRET_PREVIOUS = env.str("STRIPE_CONNECT_WEBHOOK_SECRET_PREVIOUS", "")
STRIPE_TIMEOUT_SECONDS = env.float("STRIPE_TIMEOUT_SECONDS", 15.0)
STRIPE_MAX_RETRIES = env.int("STRIPE_MAX_RETRIES", 4)  # in a worker; a request tries at most twice
STRIPE_COUNTRIES = env.list("STRIPE_COUNTRIES", default=["US"])
STRIPE_LIVE_MODE = STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))
# dj-stripe, the mirror, reaches Stripe by the gateway's address; an empty setting would break it.
STRIPE_TEST_SECRET_KEY = "" if STRIPE_LIVE_MODE else STRIPE_SECRET_KEY
STRIPE_LIVE_SECRET_KEY = STRIPE_SECRET_KEY if STRIPE_LIVE_MODE else ""
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
if STRIPE_API_BASE:
    STRIPE_API_HOST = STRIPE_API_BASE
    SILENCED_SYSTEM_CHECKS = ["djstripe.W002"]

# Tickets: 32 random bytes in hex; every event's signing key is derived from it.
TICKET_SIGNING_KEY = env.str("TICKET_SIGNING_KEY", "00" * 32 if DEBUG or MALY_TESTING else environ.Env.NOTSET)
HOLD_MINUTES = env.int("HOLD_MINUTES", 32)

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "accounts.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_filters",
    "django_structlog",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "djstripe",
    "maly",
    "accounts",
    "ledger",
    "notifications",
    "connect",
    "ticketing",
    "payouts",
    "premium",
    "dashboard",
    "adminpanel",
    "sandbox",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "maly.middleware.SecurityHeadersMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "maly.middleware.ErrorPageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.SessionActivityMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
]
ATOMIC_REQUESTS = False
ROOT_URLCONF = "maly.urls"
WSGI_APPLICATION = "maly.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "maly.context_processors.platform",
            ],
            "builtins": ["maly.templatetags.maly", "django.templatetags.i18n"],
        },
    }
]
FORM_RENDERER = "maly.forms.MalyRenderer"

# Database. The pool is per process; a pooled connection is checked before it is used.
DATABASES = {"default": env.db("DATABASE_URL", default="postgresql:///maly")}
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
DATABASES["default"]["ATOMIC_REQUESTS"] = False
DATABASE_POOL_SIZE = env.int("DATABASE_POOL_SIZE", 0 if MALY_TESTING else 8)
if DATABASE_POOL_SIZE:
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": DATABASE_POOL_SIZE,
        "timeout": 10,
    }
MIGRATION_MODULES = {"djstripe": "connect.djstripe_migrations"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Broker and cache
REDIS_URL = env.str("REDIS_URL", "")
CACHES = {
    "default": {
        "BACKEND": "maly.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 1},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
POKE_WORKERS = env.bool("POKE_WORKERS", bool(REDIS_URL) and not MALY_TESTING)
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_SERIALIZER = "json"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "retry_policy": {"max_retries": 0},
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# Accounts
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if MALY_TESTING
    else [
        "django.contrib.auth.hashers.ScryptPasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]
)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/dashboard/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "accounts.forms.SignupForm",
    "request_login_code": "accounts.forms.CodeRequestForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 900
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(SITE_URL).scheme
MFA_ADAPTER = "accounts.adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = PLATFORM_NAME
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG or MALY_DEMO or MALY_TESTING
MFA_REQUIRED = env.bool("MFA_REQUIRED", not (MALY_DEMO or MALY_TESTING))
USERSESSIONS_TRACK_ACTIVITY = True

# HTTP security
IS_HTTPS = SITE_URL.startswith("https://")
SECURE_SSL_REDIRECT = IS_HTTPS and env.bool("SECURE_SSL_REDIRECT", True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", False) else None
SECURE_HSTS_SECONDS = 31536000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "__Host-sessionid" if IS_HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if IS_HTTPS else "csrftoken"
CSRF_FAILURE_VIEW = "maly.views.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# Only Stripe's pages may receive our forms besides ourselves; its base address in a sandbox is one of them.
_stripe_pages = (
    [STRIPE_API_BASE]
    if STRIPE_API_BASE
    else [f"https://{page}.stripe.com" for page in ("checkout", "connect", "billing")]
)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'", *_stripe_pages],
    }
}

# Throttles, `<number>/<second|minute|hour>`: strict here, wide in the demo.
_wide = "1000000/second" if MALY_DEMO or MALY_TESTING else ""
THROTTLES = {
    "token": env.str("THROTTLE_TOKEN", _wide or "10/minute"),
    "checkout": env.str("THROTTLE_CHECKOUT", _wide or "30/minute"),
    "lookup": env.str("THROTTLE_LOOKUP", _wide or "60/minute"),
    "find": env.str("THROTTLE_FIND", _wide or "20/hour"),
    "invite": env.str("THROTTLE_INVITE", _wide or "30/hour"),
    "door": env.str("THROTTLE_DOOR", _wide or "600/minute"),
}
# allauth limits sign-in itself: attempts by address, failures by address and by email (its /m is a minute).
_logins = env.str("THROTTLE_LOGIN", "" if _wide else "30/minute").replace("minute", "m").replace("hour", "h")
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = (
    {"login": f"{_logins}/ip", "login_failed": "10/m/ip,5/5m/key", "signup": "20/m/ip"} if _logins else False
)

# API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["maly.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "maly.schema.AutoSchema",
    "EXCEPTION_HANDLER": "maly.api.exception_handler",
    "DEFAULT_PAGINATION_CLASS": "maly.api.CursorPagination",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
DRF_STANDARDIZED_ERRORS = {"EXCEPTION_HANDLER_CLASS": "maly.api.ExceptionHandler"}
SPECTACULAR_SETTINGS = {
    "TITLE": f"{PLATFORM_NAME} API",
    "DESCRIPTION": "Events, checkout, tickets and Stripe Connect. Amounts are integers in minor units.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api",
    "ENUM_NAME_OVERRIDES": {
        "OrderStatusEnum": "ticketing.models.Order.Status",
        "PayoutStatusEnum": "payouts.models.PayoutStatus",
        "DisputeStatusEnum": "ticketing.models.Dispute.Status",
    },
}

# Mail: the demo keeps what it sends, see /dev/mailbox/.
SHOW_MAILBOX = DEBUG or MALY_DEMO or MALY_TESTING
EMAIL_BACKEND = (
    "notifications.mailbox.MailboxBackend" if SHOW_MAILBOX else "django.core.mail.backends.smtp.EmailBackend"
)
EMAIL_TIMEOUT = TIMEOUT_SECONDS
MAIL_PROVIDER = ""
ANYMAIL: dict[str, object] = {}
if email_url := env.str("EMAIL_URL", ""):
    vars().update(mail_settings(email_url))
# `user:password`, by which the provider's webhooks at /api/webhooks/mail authenticate themselves.
MAIL_WEBHOOK_SECRET = env.str("MAIL_WEBHOOK_SECRET", "")
if MAIL_WEBHOOK_SECRET:
    ANYMAIL["WEBHOOK_SECRET"] = MAIL_WEBHOOK_SECRET
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"{PLATFORM_NAME} <tickets@example.com>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Web push: `manage.py push_keys` makes the key. We post to these services alone; `scheme://host:port` is one address.
VAPID_PRIVATE_KEY = env.str("VAPID_PRIVATE_KEY", "")
PUSH_SERVICES = env.list(
    "PUSH_SERVICES",
    default=["fcm.googleapis.com", "push.services.mozilla.com", "notify.windows.com", "push.apple.com"],
)

# Language, time, files
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(MALY_DATA_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = MALY_DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if MALY_TESTING or DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Pictures and fonts are compressed already; source maps are for nobody's browser.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["jpg", "jpeg", "png", "webp", "avif", "woff2", "map"]
WHITENOISE_USE_FINDERS = MALY_TESTING or DEBUG
# Files are looked up when they are asked for: each test client would list them all anew.
WHITENOISE_AUTOREFRESH = MALY_TESTING or DEBUG

LOGGING = MALY_LOGGING
LOGGING_CONFIG = "logging.config.dictConfig"
SITE_ID = None
# The product's cobalt, from its lightest tint to its darkest shade.
_cobalt = (
    "#f1f5ff",
    "#e9f0ff",
    "#cfdcfd",
    "#adc5fb",
    "#8cb0fb",
    "#4f7de0",
    "#2554ca",
    "#1d44a8",
    "#193a8c",
    "#1c2a49",
    "#111a2e",
)
_steps = ("50", "100", "200", "300", "400", "500", "600", "700", "800", "900", "950")
UNFOLD = {
    "SITE_TITLE": f"{PLATFORM_NAME} staff",
    "SITE_HEADER": f"{PLATFORM_NAME} staff",
    "SITE_URL": "/",
    "SITE_SYMBOL": "confirmation_number",
    "SHOW_HISTORY": False,
    "COLORS": {"primary": dict(zip(_steps, _cobalt, strict=True))},
    "STYLES": ["maly.staff_navigation.style_sheet"],
    "ENVIRONMENT": "maly.staff_navigation.environment",
    "SIDEBAR": {"navigation": "maly.staff_navigation.build", "show_all_applications": True},
    "DASHBOARD_CALLBACK": "maly.staff_navigation.show_attention",
}
