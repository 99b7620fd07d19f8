using DlmUpdater.Core.Settings;

namespace DlmUpdater.Locks.DlmEngine;

/// <summary>What DLMEngine knows this host by. No record: it must not get into a text by itself.</summary>
/// <param name="id">The id of the credential.</param>
/// <param name="secret">Its secret.</param>
internal sealed class EngineCredential(string id, SecretText secret)
{
    /// <summary>The secret.</summary>
    internal SecretText Secret => secret;

    /// <summary>The headers, the same in both versions of the API; null, and one line that says what to fix, if they cannot be
    /// sent.</summary>
    internal IReadOnlyList<(string Name, string Value)>? Headers(out string why)
    {
        why = "";
        if (ReferenceEquals(secret, SecretText.NotRead))
            why = "the secret of [dlmengine] was not read, so DLMEngine cannot be asked: run this as root";
        else if (!FitsHeader(id))
            why = "[dlmengine] secret_id is empty or holds a character that no header can carry: correct it";
        else if (!FitsHeader(secret.Reveal()))
            why = "[dlmengine] secret (or secret_file) is empty or holds a character that no header can carry: correct it";
        return why.Length > 0 ? null : [("x-secret-id", id), ("x-secret", secret.Reveal())];
    }

    private static bool FitsHeader(string value) => value.Length > 0 && !value.AsSpan().ContainsAnyExceptInRange('!', '~');
}
