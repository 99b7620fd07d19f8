using System.Buffers;
using System.Globalization;
using System.Text.Json;
using DlmUpdater.Host;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.DlmEngine;

/// <summary>A lock as DLMEngine describes it. That it exists is that it is held.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Holder">Who holds it, as the holder itself wrote it: free text.</param>
/// <param name="Since">Since when; null if that could not be read.</param>
internal sealed record EngineLock(string Name, string Holder, DateTimeOffset? Since);

/// <summary>One of the two ways in which DLMEngine speaks of its locks. Version 1 wraps everything in <c>data</c> once more; store, status
/// codes and permissions are the same.</summary>
/// <param name="version">1 or 2.</param>
internal sealed class EngineApi(int version)
{
    /// <summary>Locks on one page: with the longest names, a page still fits into what is read of a body.</summary>
    internal const int PageLimit = 100;

    /// <summary>What version 1 calls its search; a lock of that name cannot be looked at.</summary>
    internal const string SearchName = "_search";

    /// <summary>The path of the user whose credential asks; only version 2 has it, whichever is used for locks.</summary>
    internal const string OwnUserPath = "/api/v2/users/_self";

    /// <summary>True if the bytes are a user who may do everything.</summary>
    internal static bool IsAdmin(ReadOnlyMemory<byte> body)
    {
        var fields = new JsonFields();
        using JsonDocument? document = fields.Parse(body);
        return document is not null && fields.Flag(document.RootElement, "admin") && fields.Complaint is null;
    }

    private bool IsWrapped => version == 1;

    /// <summary>The path of one lock.</summary>
    internal string PathOf(string name) => $"/api/v{version.ToString(CultureInfo.InvariantCulture)}/locks/{Uri.EscapeDataString(name)}";

    /// <summary>The path of a page of all locks, from 0.</summary>
    internal string PathOfPage(int page) => string.Create(CultureInfo.InvariantCulture,
        $"/api/v{version}/locks{(IsWrapped ? "/" + SearchName : "")}?sort=id&sort_order=ascending&page={page}&limit={PageLimit}");

    /// <summary>The body that takes a lock in that name.</summary>
    internal ReadOnlyMemory<byte> Claim(string holder)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            if (IsWrapped) json.WriteStartObject("data");
            json.WriteString("acquired_by", holder);
            if (IsWrapped) json.WriteEndObject();
            json.WriteEndObject();
        }

        return bytes.WrittenMemory;
    }

    /// <summary>Reads one lock; null and a sentence part if the bytes are not exactly that.</summary>
    internal EngineLock? Read(ReadOnlyMemory<byte> body, out string why)
    {
        var fields = new JsonFields();
        using JsonDocument? document = fields.Parse(body);
        EngineLock? seen = document is null ? null : Lock(fields, document.RootElement);
        why = fields.Complaint ?? "";
        return fields.Complaint is null ? seen : null;
    }

    /// <summary>Reads a page of locks; null and a sentence part if the bytes are not exactly that.</summary>
    internal List<EngineLock>? ReadPage(ReadOnlyMemory<byte> body, out string why)
    {
        var fields = new JsonFields();
        var locks = new List<EngineLock>();
        using JsonDocument? document = fields.Parse(body);
        if (document is not null)
        {
            JsonElement root = document.RootElement;
            IEnumerable<JsonElement> items = IsWrapped
                ? fields.Objects(fields.Object(root, "data"), "results")
                : fields.Objects(root, "result");
            foreach (JsonElement item in items) locks.Add(Lock(fields, item));
        }

        why = fields.Complaint ?? "";
        return fields.Complaint is null ? locks : null;
    }

    /// <summary>What an error of DLMEngine says, one line; empty if it says nothing that can be read.</summary>
    internal static string ErrorText(ReadOnlyMemory<byte> body)
    {
        var fields = new JsonFields();
        using JsonDocument? document = fields.Parse(body);
        if (document is null || !document.RootElement.TryGetProperty("detail", out JsonElement detail)) return "";
        // A body that did not fit the model brings a list of what did not fit.
        if (detail.ValueKind == JsonValueKind.Array && detail.GetArrayLength() > 0 && detail[0].ValueKind == JsonValueKind.Object)
            return OneLine.Of(fields.OptionalText(detail[0], "msg") ?? "");
        return OneLine.Of(fields.OptionalText(document.RootElement, "detail") ?? "");
    }

    private EngineLock Lock(JsonFields fields, JsonElement element)
    {
        if (IsWrapped) element = fields.Object(element, "data");
        string name = fields.Text(element, "id");
        string? holder = fields.OptionalText(element, "acquired_by");
        // An empty name holds the lock as well as any other.
        if (holder is null) fields.Complain("has no field \"acquired_by\"");
        return new EngineLock(name, holder ?? "", Time(fields.OptionalText(element, "acquired_since")));
    }

    /// <summary>DLMEngine writes UTC and does not say so.</summary>
    private static DateTimeOffset? Time(string? text)
    {
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, Utc, out DateTimeOffset time) ? time : null;
    }
}
