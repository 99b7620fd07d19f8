using System.Globalization;
using System.Text.Json;
using DlmUpdater.Host;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.Foreman;

/// <summary>A lock as Foreman describes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Enabled">False if an admin has switched it off.</param>
/// <param name="Host">The name of the host that holds it; null if it is free.</param>
/// <param name="Self">True if that is the host that asks. Null: Foreman did not say.</param>
/// <param name="Updated">When it was last changed.</param>
/// <param name="Id">The number of its row; null: Foreman did not say.</param>
internal sealed record ForemanLock(string Name, bool Enabled, string? Host, bool? Self, DateTimeOffset? Updated, long? Id)
{
    /// <summary>Reads one; null and a sentence part if the bytes are not exactly a lock.</summary>
    internal static ForemanLock? Read(ReadOnlyMemory<byte> body, out string why)
    {
        var fields = new JsonFields();
        using JsonDocument? document = fields.Parse(body);
        if (document is null)
        {
            why = fields.Complaint!;
            return null;
        }

        ForemanLock? read = Read(fields, document.RootElement);
        why = fields.Complaint ?? "";
        return read;
    }

    /// <summary>Reads one out of a larger answer; null if <paramref name="fields"/> complains.</summary>
    internal static ForemanLock? Read(JsonFields fields, JsonElement root)
    {
        string name = fields.Text(root, "name");
        bool enabled = fields.Flag(root, "enabled");
        string? holder = null;
        bool? self = null;
        if (fields.OptionalObject(root, "host") is { } host)
        {
            holder = fields.Text(host, "name");
            if (host.TryGetProperty("self", out _)) self = fields.Flag(host, "self");
        }
        // A holder that is named only by its number is one all the same.
        else if (root.TryGetProperty("host_id", out JsonElement id) && id.ValueKind != JsonValueKind.Null)
        {
            fields.Complain("has a \"host_id\" but no \"host\"");
        }

        string? updated = fields.OptionalText(root, "updated_at");
        long? number = root.TryGetProperty("id", out _) ? fields.Number(root, "id", 0, long.MaxValue) : null;
        return fields.Complaint is null ? new ForemanLock(name, enabled, holder is null ? null : OneLine.Of(holder), self, Time(updated), number) : null;
    }

    /// <summary>What an error page of Foreman says, one line; empty if it says nothing that can be read.</summary>
    internal static string ErrorText(ReadOnlyMemory<byte> body)
    {
        var fields = new JsonFields();
        using JsonDocument? document = fields.Parse(body);
        if (document is null) return "";
        JsonElement at = document.RootElement;
        if (at.TryGetProperty("error", out JsonElement error))
        {
            if (error.ValueKind == JsonValueKind.String) return OneLine.Of(fields.OptionalText(at, "error") ?? "");
            if (error.ValueKind == JsonValueKind.Object) at = error;
        }

        if (at.TryGetProperty("full_messages", out JsonElement all) && all.ValueKind == JsonValueKind.Array && all.GetArrayLength() > 0
            && all[0].ValueKind == JsonValueKind.String)
        {
            return OneLine.Of(all[0].GetRawText().Trim('"'));
        }

        return OneLine.Of(fields.OptionalText(at, "message") ?? "");
    }

    /// <summary>A time as Foreman writes it, <c>2026-01-31 23:59:59 UTC</c>; null if it is none.</summary>
    internal static DateTimeOffset? Time(string? text)
    {
        if (text is not null && text.EndsWith(" UTC", StringComparison.Ordinal)) text = text[..^4] + "Z";
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset time)
            ? time
            : null;
    }
}
