using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.State;

/// <summary>The bytes of a run's state: version 1, one JSON object on one line. Its last field, <c>check</c>, is the CRC-32 of every byte
/// before it, so that a damaged file is seen as damaged and never read as another run. Unknown fields are passed over: a later version
/// may add some, and will change the number when it changes the meaning of one.</summary>
internal static class RunStateFormat
{
    private const int Version = 1;

    private static ReadOnlySpan<byte> CheckField => ",\"check\":\""u8;

    /// <summary>The file's content for <paramref name="state"/>.</summary>
    internal static byte[] Write(RunState state)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
            WriteFields(json, state);
        ReadOnlySpan<byte> open = buffer.WrittenSpan[..^1];
        byte[] check = Encoding.ASCII.GetBytes(Crc32.Of(open).ToString("x8", CultureInfo.InvariantCulture));
        return [.. open, .. CheckField, .. check, (byte)'"', (byte)'}', (byte)'\n'];
    }

    /// <summary>Reads it back.</summary>
    /// <param name="bytes">The file's content.</param>
    /// <param name="why">A sentence part on what is wrong, such as <c>has no field "phase"</c>; empty if nothing is.</param>
    internal static RunState? Read(ReadOnlyMemory<byte> bytes, out string why)
    {
        var fields = new JsonFields();
        using JsonDocument? document = fields.Parse(bytes);
        RunState? state = document is null ? null : ReadFields(fields, document.RootElement, bytes.Span);
        why = fields.Complaint ?? "";
        return fields.Complaint is null ? state : null;
    }

    /// <summary>The phase of an old one-word file, or null.</summary>
    internal static Phase? ReadOldWord(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> word = bytes.Trim(" \t\r\n"u8);
        if (word.Length > 32) return null;

        // foreman_dlm_updater 0.0.1 had other names for two of them.
        string name = Encoding.ASCII.GetString(word) switch
        {
            "check_update" => "needs_update",
            "do_update" => "update",
            var other => other,
        };
        return PhaseNames.TryParse(name, out Phase phase) ? phase : null;
    }

    private static void WriteFields(Utf8JsonWriter json, RunState state)
    {
        json.WriteStartObject();
        json.WriteNumber("version"u8, Version);
        json.WriteString("run_id"u8, state.RunId);
        json.WriteString("phase"u8, state.Phase.Name());
        json.WriteString("started"u8, state.Started);
        json.WriteString("phase_since"u8, state.PhaseSince);
        json.WriteNumber("attempt"u8, state.Attempt);
        WriteBoot(json, "boot", state.Boot);
        if (state.FirstBoot is { } first)
            WriteBoot(json, "first_boot", first);
        if (state.ReleaseSent)
            json.WriteBoolean("release_sent"u8, true);
        if (state.Lock is { } claim)
        {
            json.WriteStartObject("lock"u8);
            json.WriteString("service"u8, claim.Identity.Service);
            json.WriteString("name"u8, claim.Identity.Name);
            json.WriteString("holder"u8, claim.Identity.Holder);
            if (claim.HolderIsHostName)
                json.WriteBoolean("holder_is_host_name"u8, true);
            WriteTime(json, "since", claim.Since);
            WriteTime(json, "confirmed", claim.Confirmed);
            json.WriteEndObject();
        }
        if (state.Waiver is { } waiver)
        {
            json.WriteStartObject("waiver"u8);
            json.WriteString("reason"u8, waiver.Reason);
            json.WriteString("since"u8, waiver.Since);
            json.WriteEndObject();
        }
        json.WriteStartArray("scripts"u8);
        foreach (FinishedScript script in state.Finished)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, script.Name);
            json.WriteNumber("exit"u8, script.ExitCode);
            json.WriteNumber("seconds"u8, JsonFields.ToSeconds(script.Duration));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (state.Reboot is { } reboot)
        {
            json.WriteStartObject("reboot"u8);
            json.WriteString("first_at"u8, reboot.FirstAt);
            json.WriteNumber("first_boot_clock"u8, JsonFields.ToSeconds(reboot.FirstBootClock));
            WriteBoot(json, "boot", reboot.Boot);
            json.WriteNumber("requests"u8, reboot.Requests);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void WriteBoot(Utf8JsonWriter json, string name, BootIdentity boot)
    {
        json.WriteStartObject(name);
        json.WriteString("id"u8, boot.BootId);
        json.WriteNumber("init_started"u8, boot.InitStarted);
        json.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known)
            json.WriteString(name, known);
    }

    private static RunState? ReadFields(JsonFields fields, JsonElement root, ReadOnlySpan<byte> bytes)
    {
        // The version first: nothing may be complained of in a file whose rules are not known.
        long version = fields.Number(root, "version", 1, long.MaxValue);
        if (fields.Complaint is null && version != Version)
            fields.Complain($"has version {version}, and this program knows only version {Version}");
        if (fields.Complaint is null && !HasItsCheck(bytes))
            fields.Complain("is damaged (its checksum is missing or wrong)");
        if (fields.Complaint is not null)
            return null;
        string word = fields.Text(root, "phase");
        if (!PhaseNames.TryParse(word, out Phase phase))
            fields.Complain($"names a phase that this program does not know ('{word}')");
        return new RunState
        {
            RunId = fields.Text(root, "run_id"),
            Phase = phase,
            Started = fields.Time(root, "started"),
            PhaseSince = fields.Time(root, "phase_since"),
            Attempt = (int)fields.Number(root, "attempt", 1, int.MaxValue),
            Boot = ReadBoot(fields, root),
            FirstBoot = fields.OptionalObject(root, "first_boot") is { } first ? ReadIdentity(fields, first) : null,
            ReleaseSent = fields.OptionalFlag(root, "release_sent"),
            Lock = fields.OptionalObject(root, "lock") is { } claim ? ReadClaim(fields, claim) : null,
            Waiver = fields.OptionalObject(root, "waiver") is { } waiver
                ? new WaiverNote(fields.Text(waiver, "reason"), fields.Time(waiver, "since"))
                : null,
            Finished = ReadScripts(fields, root),
            Reboot = fields.OptionalObject(root, "reboot") is { } reboot ? ReadReboot(fields, reboot) : null,
        };
    }

    private static BootIdentity ReadBoot(JsonFields fields, JsonElement of) => ReadIdentity(fields, fields.Object(of, "boot"));

    private static BootIdentity ReadIdentity(JsonFields fields, JsonElement boot) =>
        new(fields.Text(boot, "id"), fields.Number(boot, "init_started", 0, long.MaxValue));

    private static LockClaim ReadClaim(JsonFields fields, JsonElement claim) => new(
        new LockIdentity(fields.Text(claim, "service"), fields.OptionalText(claim, "name") ?? "", fields.Text(claim, "holder")),
        fields.OptionalTime(claim, "since"),
        fields.OptionalTime(claim, "confirmed"))
    {
        HolderIsHostName = fields.OptionalFlag(claim, "holder_is_host_name"),
    };

    private static RebootRequest ReadReboot(JsonFields fields, JsonElement reboot) => new(
        fields.Time(reboot, "first_at"),
        fields.Seconds(reboot, "first_boot_clock"),
        ReadBoot(fields, reboot),
        (int)fields.Number(reboot, "requests", 0, int.MaxValue));

    private static ImmutableArray<FinishedScript> ReadScripts(JsonFields fields, JsonElement root)
    {
        ImmutableArray<FinishedScript>.Builder scripts = ImmutableArray.CreateBuilder<FinishedScript>();
        foreach (JsonElement script in fields.Objects(root, "scripts"))
        {
            scripts.Add(new FinishedScript(
                fields.Text(script, "name"),
                (int)fields.Number(script, "exit", int.MinValue, int.MaxValue),
                fields.Seconds(script, "seconds")));
        }
        return scripts.ToImmutable();
    }

    private static bool HasItsCheck(ReadOnlySpan<byte> bytes)
    {
        if (bytes.EndsWith("\n"u8))
            bytes = bytes[..^1];
        int field = bytes.LastIndexOf(CheckField);
        if (field < 0)
            return false;
        ReadOnlySpan<byte> rest = bytes[(field + CheckField.Length)..];
        return rest.Length == 10 && rest.EndsWith("\"}"u8)
            && uint.TryParse(rest[..8], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint check)
            && check == Crc32.Of(bytes[..field]);
    }
}
