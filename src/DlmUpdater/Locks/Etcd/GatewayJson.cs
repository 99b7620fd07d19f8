using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace DlmUpdater.Locks.Etcd;

/// <summary>The JSON of etcd's v3 gateway: bytes as base64 with padding, 64-bit numbers as texts, fields that are zero left out.</summary>
internal static class GatewayJson
{
    /// <summary>A body.</summary>
    internal static byte[] Write(Action<Utf8JsonWriter> fields)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The body of a range.</summary>
    internal static byte[] Range(byte[] key) => Write(json => json.WriteBase64String("key"u8, key));

    /// <summary>The body of a txn: write if nobody has since <paramref name="revision"/> (0 = if there is no such key), else read. The
    /// revision is compared and not airlock's version, which starts again when a key is deleted and made anew.</summary>
    internal static byte[] Swap(byte[] key, long revision, ReadOnlyMemory<byte> value) => Write(json =>
    {
        json.WriteStartArray("compare"u8);
        json.WriteStartObject();
        json.WriteBase64String("key"u8, key);
        json.WriteString("target"u8, "MOD"u8);
        json.WriteString("result"u8, "EQUAL"u8);
        json.WriteString("mod_revision"u8, revision.ToString(CultureInfo.InvariantCulture));
        json.WriteEndObject();
        json.WriteEndArray();
        Operation(json, "success", "request_put", () =>
        {
            json.WriteBase64String("key"u8, key);
            json.WriteBase64String("value"u8, value.Span);
        });
        Operation(json, "failure", "request_range", () => json.WriteBase64String("key"u8, key));
    });

    /// <summary>The body of a watch.</summary>
    internal static byte[] Watch(byte[] key, long from) => Write(json =>
    {
        json.WriteStartObject("create_request"u8);
        json.WriteBase64String("key"u8, key);
        json.WriteString("start_revision"u8, from.ToString(CultureInfo.InvariantCulture));
        json.WriteEndObject();
    });

    /// <summary>The body of a login.</summary>
    internal static byte[] Login(string user, string password) => Write(json =>
    {
        json.WriteString("name"u8, user);
        json.WriteString("password"u8, password);
    });

    /// <summary>The object of that name, or an undefined element.</summary>
    internal static JsonElement Child(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out JsonElement child) ? child : default;

    /// <summary>A whole number, written as such or as a text; 0 if it was left out or is none.</summary>
    internal static long Number(JsonElement of, string name) => Child(of, name) switch
    {
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt64(out long value) => value,
        { ValueKind: JsonValueKind.String } text
            when long.TryParse(Text(text), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) => value,
        _ => 0,
    };

    /// <summary>True only if it says so.</summary>
    internal static bool Flag(JsonElement of, string name) => Child(of, name).ValueKind == JsonValueKind.True;

    /// <summary>Bytes; none if the field was left out; null if it is not base64.</summary>
    internal static byte[]? Bytes(JsonElement of, string name)
    {
        JsonElement child = Child(of, name);
        if (child.ValueKind == JsonValueKind.Undefined) return [];
        // The element's own way throws for half of a surrogate pair.
        if (Text(child) is not { } text) return null;
        byte[] bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out int length) ? bytes[..length] : null;
    }

    /// <summary>A text; null if it is none.</summary>
    internal static string? Text(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.String) return null;
        try
        {
            return element.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape.
            return null;
        }
    }

    private static void Operation(Utf8JsonWriter json, string when, string what, Action fields)
    {
        json.WriteStartArray(when);
        json.WriteStartObject();
        json.WriteStartObject(what);
        fields();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
    }
}
