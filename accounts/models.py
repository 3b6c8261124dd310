"""Who is who: users, organizations and their members, API tokens, what people are entitled to, and the audit log."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from maly.codes import make_key


class UserManager(BaseUserManager["User"]):
    """Users by email; addresses are kept in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(
            email, password, **{"is_staff": True, "is_superuser": True, "is_platform_admin": True, **fields}
        )

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account; buyers need none."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May enter the Django admin.")
    is_platform_admin = models.BooleanField(
        default=False, help_text="May run the marketplace; apart from any role in an organization."
    )
    date_joined = models.DateTimeField(default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email.split("@")[0]


class Organization(models.Model):
    """Who sells: a single host's personal organization, or a team."""

    class Kind(models.TextChoices):
        PERSONAL = "personal", "Personal"
        TEAM = "team", "Team"

    slug = models.SlugField(unique=True, max_length=60)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.TEAM)
    host = models.OneToOneField(
        User,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="personal_organization",
        help_text="The person whose personal organization this is.",
    )
    tagline = models.CharField(max_length=140, blank=True, help_text="One line under the name.")
    description = models.TextField(blank=True)
    based_in = models.CharField(max_length=120, blank=True, help_text="Where, such as Bristol.")
    contact_email = models.EmailField(blank=True)
    website = models.URLField(blank=True)
    logo = models.ImageField(upload_to="logos/", blank=True)
    flagged_at = models.DateTimeField(
        null=True, blank=True, help_text="A flagged organization sells nothing."
    )
    flag_reason = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    members: "models.ManyToManyField[User, Membership]" = models.ManyToManyField(
        User, through="Membership", related_name="organizations"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="personal", host__isnull=False)
                | models.Q(kind="team", host__isnull=True),
                name="organization_personal_has_host",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_flagged(self) -> bool:
        return self.flagged_at is not None


class Role(models.TextChoices):
    """What a member may do, most first; `accounts.access` says what each role means."""

    OWNER = "OWNER", "Owner"
    ADMIN = "ADMIN", "Admin"
    MANAGER = "MANAGER", "Manager"
    SCANNER = "SCANNER", "Scanner"


class Membership(models.Model):
    """A person's role in an organization."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "organization"], name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} of {self.organization}"


class Invitation(models.Model):
    """An invitation by email to join an organization; the link's token is kept only as a hash."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.organization}"


class ApiToken(models.Model):
    """A key for the API, shown once and kept as a hash."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80, default="API token")
    key_hash = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=8, help_text="The key's first characters, to recognise it by.")
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class Entitlement(models.Model):
    """What a person has paid for and until when; written by premium, read by anyone."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="entitlements")
    kind = models.CharField(max_length=30)
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="entitlement_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.user}"


class AuditEntry(models.Model):
    """Who did what to money or payment settings, and why. Append-only: a trigger refuses changes."""

    class Actor(models.TextChoices):
        MEMBER = "member", "Member"
        STAFF = "staff", "Platform staff"
        BUYER = "buyer", "Buyer"
        WEBHOOK = "webhook", "Stripe webhook"
        SWEEP = "sweep", "Sweep"
        COMMAND = "command", "Command"

    actor_kind = models.CharField(max_length=10, choices=Actor)
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    action = models.CharField(max_length=60, help_text="Dotted: fees.override_set, order.paid.")
    organization = models.ForeignKey(
        Organization, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    subject = models.CharField(max_length=80, blank=True, help_text="Such as order:M-7K2QX4C.")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "audit entries"
        # Staff read it newest first, by any one of these, among millions.
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_at"),
            models.Index(fields=["organization", "-at", "-id"], name="audit_of_organization"),
            models.Index(
                fields=["actor", "-at", "-id"], condition=models.Q(actor__isnull=False), name="audit_actor"
            ),
            models.Index(fields=["action", "-at", "-id"], name="audit_action"),
            # What staff and commands did is rare among what buyers and Stripe did.
            models.Index(
                fields=["actor_kind", "-at", "-id"],
                condition=models.Q(actor_kind__in=["staff", "command"]),
                name="audit_by_staff",
            ),
            models.Index(fields=["subject"], name="audit_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.subject}"


class IdempotentRequest(models.Model):
    """The first answer to a request that carried an `Idempotency-Key`."""

    caller = models.CharField(max_length=160, help_text="user:<id>, or guest:<hash of the email>.")
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    response_status = models.PositiveSmallIntegerField(null=True)
    response_body = models.JSONField(null=True)
    lease_until = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="idempotent_request_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotent_request_age")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"


def make_secret() -> str:
    """A secret for a link or a token; only its hash is stored."""
    return make_key() + make_key()[:8]
