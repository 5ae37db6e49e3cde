"""Fields for one-time codes, and fields that only look like them."""

import pytest

from inference.one_time_code import CodeAsked, TypedField, code_asked

SENT = ("Check your phone", "We sent a code to +1 ••• ••• 42.", "Didn't get it? Resend")


def field(label: str = "", name: str = "", **more: object) -> TypedField:
    labels = (label,) if label else ()
    return TypedField.model_validate({"labels": labels, "names": (name, ""), **more})


@pytest.mark.parametrize(
    "one",
    [
        field("Anything", completion="one-time-code"),
        field("Anything", completion="section-a one-time-code"),
        field("6-digit code", "code", limit=6, mode="numeric", nearby=SENT),
        field("Code", "c", nearby=SENT),
        field("", "otp"),
        field("", "otpCode", limit=6),
        field("", "verification_code"),
        field("", "totp_token"),
        field("", "mfa-code"),
        field("", "twoFactorCode"),
        field("Verification code"),
        field("Enter the verification number"),
        field("One-time password", type="password"),
        field("One time passcode"),
        field("Authenticator code"),
        field("Authentication code"),
        field("SMS code", type="tel"),
        field("Login code"),
        field("Passcode"),
        field("2FA"),
        field("Security code", limit=6, nearby=SENT),
        field("Confirmation code", nearby=SENT),
        field("Token", nearby=("Open your authenticator app",)),
        field("PIN", limit=6, nearby=("A PIN was sent to d***@harbor.test",)),
        field("Bestätigungscode"),
        field("Einmalpasswort"),
        field("SMS-TAN"),
        field("TAN", limit=6, nearby=("Die TAN wurde an Ihr Telefon gesendet.",)),
        field("Sicherheitscode", nearby=("Wir haben Ihnen einen Code gesendet.",)),
        field("Code", limit=6, nearby=("Wir haben einen Code an d•••@web.de geschickt",)),
        field("Code de vérification"),
        field("Code à usage unique"),
        field("Code", nearby=("Nous vous avons envoyé un code par SMS",)),
        field("Código de verificación"),
        field("Código", nearby=("Te hemos enviado un mensaje", "enviado a +34 ***")),
        field("Código de verificação"),
        field("Codice di verifica"),
        field("Verificatiecode"),
        field("Engångskod"),
        field("Verifieringskod"),
        field("Kod weryfikacyjny"),
        field("Ověřovací kód"),
        field("Vahvistuskoodi"),
        field("Doğrulama kodu"),
        field("Код подтверждения"),
        field("Одноразовый пароль"),
        field("短信验证码"),
        field("認証コード"),
        field("인증번호"),
        field("رمز التحقق"),
    ],
    ids=lambda one: " ".join((*one.labels, *one.names)).strip(),
)
def test_fields_for_one_time_codes(one: TypedField) -> None:
    assert code_asked([field("E-mail", "email"), one]) is not None


@pytest.mark.parametrize(
    "one",
    [
        field("ZIP code", "zip", limit=5, mode="numeric"),
        field("Postal code", "postcode"),
        field("Postcode", completion="postal-code", nearby=SENT),
        field("Postleitzahl", "plz", limit=5),
        field("Code postal", limit=5),
        field("Código postal", nearby=("Hemos enviado tu pedido",)),
        field("Promo code", "promo", limit=8),
        field("Coupon code", "coupon_code", nearby=SENT),
        field("Discount code"),
        field("Gutscheincode"),
        field("Gift card code", limit=16),
        field("Referral code"),
        field("Invitation code"),
        field("Country code", "countryCode", limit=4, type="tel"),
        field("Dial code"),
        field("Area code", limit=4),
        field("Sort code", limit=6, mode="numeric"),
        field("Product code"),
        field("Item code", nearby=("Your order was sent to the warehouse",)),
        field("Booking reference code"),
        field("Tracking code", nearby=("Your parcel was sent to you",)),
        field("Security code", "cvc", completion="cc-csc", limit=4),
        field("CVC / CVV", limit=4),
        field("Card security code", limit=4, nearby=SENT),
        field("Enter the characters in the image", "captcha", limit=6),
        field("图形验证码", "captcha"),
        field("Code", "code"),
        field("Code", "code", limit=64, nearby=SENT),
        field("Phone", "phone", type="tel", nearby=SENT),
        field("E-mail", "email", nearby=SENT),
        field("Search", "q"),
        field("Quantity", "qty", type="number", limit=4),
        field("Year", "year", limit=4, mode="numeric"),
        field("Password", "password", type="password", completion="current-password"),
        field("Password", "password", type="password", nearby=("We text you a one-time code",)),
        field("Status code", nearby=SENT),
        field("Language code", limit=5, nearby=SENT),
        field("Estancia", "stan"),
        field("Tan", limit=6),
        field("Tanks", "tank_count"),
    ],
    ids=lambda one: " ".join((*one.labels, *one.names)).strip(),
)
def test_fields_for_other_things(one: TypedField) -> None:
    assert code_asked([one]) is None


def boxes(count: int, *nearby: str, **more: object) -> list[TypedField]:
    return [
        field(f"Digit {number}", limit=1, nearby=nearby, **more) for number in range(1, count + 1)
    ]


def test_a_code_in_boxes_of_one_digit_each() -> None:
    asked = code_asked(boxes(6, "Verification code", "We texted you at ••42", type="tel"))
    assert asked == CodeAsked(label="Verification code", said="We texted you at ••42")
    assert code_asked(boxes(4, "Enter the code we sent to your inbox")) is not None


def test_boxes_of_one_character_for_other_things() -> None:
    assert code_asked(boxes(6, "Guess the word of the day")) is None
    assert code_asked(boxes(3, "Verification code")) is None
    assert code_asked(boxes(12, "Verification code")) is None
    assert code_asked(boxes(6, "Your product code")) is None


def test_what_the_page_says_is_told_without_what_could_be_the_code() -> None:
    asked = code_asked(
        [
            field(
                "6-digit code",
                limit=6,
                nearby=(
                    "Check your inbox",
                    "6-digit code",
                    "We sent the code 246810 to d***@harbor.test, or call +4915112345678.",
                ),
            )
        ]
    )
    assert asked is not None
    assert asked.label == "6-digit code"
    assert asked.said == "We sent the code *** to d***@harbor.test, or call +4915112345678."
